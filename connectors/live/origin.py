"""Who may talk to the feed: pages of the feed itself, and programs.

A page of another site can open a WebSocket to 127.0.0.1, and a name that is made to point to
127.0.0.1 makes its pages look like our own (DNS rebinding). So the host that is asked for must be
an address, localhost or a name that was allowed, and an origin must be the very same host.
"""

import ipaddress
from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send


class SameHost:
    """Answers 403 to whoever comes by another name or from another site's page.

    Args:
        app: what is protected.
        names: host names allowed besides addresses and localhost.
    """

    def __init__(self, app: ASGIApp, names: Iterable[str] = ()) -> None:
        self._app = app
        self._names = {"localhost", *(name.lower() for name in names)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is allowed."""
        if scope["type"] in {"http", "websocket"}:
            refused = self._refused(Headers(scope=scope))
            if refused:
                await PlainTextResponse(f"{refused}\n", status_code=403)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _refused(self, headers: Headers) -> str:
        host = headers.get("host", "")
        name = _hostname(f"//{host}")
        if name is None or not (name in self._names or _is_address(name)):
            return f"Host {host!r} is not allowed; start with --allow-host to allow a name"
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc.lower() != host.lower():
            return f"Origin {origin!r} is another site"
        return ""


def _hostname(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
