"""The web application: the page, the feed and the schema of its messages."""

import asyncio
import importlib.util
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from time import monotonic
from typing import Any

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from connectors.live.access import Access
from connectors.live.connections import Connections
from connectors.live.feed import MOST_CLIENTS, ClientGoneError, Feed
from connectors.live.gate import Gate
from connectors.live.limits import client_of
from connectors.live.origin import SameHost
from connectors.live.protocols import CONNECTIONS, READY
from connectors.live.rates import Rates
from connectors.live.schema import render_schema
from tidegauge.errors import UserMistake

PAGE = Path(__file__).parent / "page"
CHART_SCRIPTS = ("bokeh.min.js", "bokeh-api.min.js")
TRY_AGAIN_LATER = 1013
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
"""The browser itself keeps the page from asking any other server."""


def make_app(
    feed: Feed,
    connections: Connections,
    allowed_hosts: Iterable[str] = (),
    token: str = "",
    on_failure: Callable[[BaseException], None] = lambda _: None,
) -> Starlette:
    """The application; the feed runs as long as it does.

    Args:
        feed: what it serves.
        connections: those of the server; their limits are also those of the application.
        allowed_hosts: names it may be reached by, besides addresses and localhost.
        token: what a client must show to read; empty for nothing.
        on_failure: called when the feed ends by itself.

    Raises:
        UserMistake: the charting library is not installed.
    """

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[dict[str, Any]]:
        def ended(task: asyncio.Task[None]) -> None:
            if not task.cancelled() and (error := task.exception()) is not None:
                on_failure(error)

        running = asyncio.create_task(feed.run())
        running.add_done_callback(ended)
        yield {CONNECTIONS: connections}
        running.cancel()
        await asyncio.wait({running})

    limits = connections.limits
    messages = Rates(limits.messages_per_s, limits.message_burst)

    async def serve(websocket: WebSocket) -> None:
        if feed.clients >= MOST_CLIENTS:
            await websocket.close(TRY_AGAIN_LATER, "too many clients")
            return
        await websocket.accept()
        await feed.serve(_SocketChannel(websocket, messages))
        with suppress(WebSocketDisconnect):
            if websocket.application_state is WebSocketState.CONNECTED:
                await websocket.close()

    routes: list[BaseRoute] = [
        Route("/", _index),
        Route("/feed.schema.json", _schema),
        WebSocketRoute("/feed", serve),
        Mount("/page", StaticFiles(directory=PAGE)),
        Mount("/charts", _ChartScripts(directory=_chart_folder())),
    ]
    middleware = [
        Middleware(_Headers),
        Middleware(Gate, limits=limits),
        Middleware(SameHost, names=tuple(allowed_hosts)),
        Middleware(Access, token=token),
    ]
    return Starlette(routes=routes, middleware=middleware, lifespan=lifespan)


class _SocketChannel:
    """A client's connection as the feed sees it."""

    def __init__(self, websocket: WebSocket, messages: Rates) -> None:
        self._websocket = websocket
        self._ready: Callable[[bool], Awaitable[None]] = websocket.scope["state"][READY]
        self._client = client_of(websocket.client.host if websocket.client else None)
        self._messages = messages

    async def ready(self, *, large: bool) -> None:
        await self._ready(large)

    async def send(self, text: str) -> None:
        try:
            await self._websocket.send_text(text)
        except WebSocketDisconnect:
            raise ClientGoneError from None

    async def receive(self) -> str | bytes | None:
        message = await self._websocket.receive()
        if message["type"] != "websocket.receive":
            return None
        # What comes meanwhile is not read, so it waits in the network.
        await asyncio.sleep(self._messages.delay_s(self._client, monotonic()))
        text: str | None = message.get("text")
        return message["bytes"] if text is None else text


class _Headers:
    """Adds those of `HEADERS` to every answer that it does not set itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, with_headers if scope["type"] == "http" else send)


class _ChartScripts(StaticFiles):
    """The charting library's scripts that the page needs, and no other of its files."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        if path not in CHART_SCRIPTS:
            raise HTTPException(404)
        return await super().get_response(path, scope)


def _chart_folder() -> Path:
    found = importlib.util.find_spec("bokeh")
    if found is None or not found.submodule_search_locations:
        raise UserMistake(
            "the live page needs the extra 'live': python -m pip install -e '.[live]'"
        )
    return Path(found.submodule_search_locations[0]) / "server" / "static" / "js"


async def _index(_: Request) -> Response:
    return FileResponse(PAGE / "index.html")


async def _schema(_: Request) -> Response:
    return Response(render_schema(), media_type="application/schema+json")
