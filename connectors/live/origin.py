"""Who may talk to the feed: pages of the feed itself, and programs.

A page of another site can open a WebSocket to 127.0.0.1, and a name that is made to point to
127.0.0.1 makes its pages look like our own (DNS rebinding). So the host that is asked for must be
an address, localhost or a name that was allowed, and an origin must be the very same host.
"""

import ipaddress
from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from tidegauge.texts import cut


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
        hosts, origins = headers.getlist("host"), headers.getlist("origin")
        if len(hosts) > 1 or len(origins) > 1:
            return "there is more than one Host or Origin"
        host = "".join(hosts)
        asked = _place(f"//{host}")
        if asked is None or not (asked.hostname in self._names or _is_address(asked.hostname)):
            told = cut(ascii(host))
            return f"Host {told} is not allowed; start with --allow-host to allow a name"
        for origin in origins:
            web = origin.startswith(("http://", "https://"))
            came_from = _place(origin) if web else None
            if came_from is None or came_from.place.lower() != host.lower():
                return f"Origin {cut(ascii(origin))} is another site"
        return ""


class _Place(NamedTuple):
    """Host name, and with it what else stands there, such as a port."""

    hostname: str
    place: str


def _place(url: str) -> _Place | None:
    """Where an address is; None for what is none, however it is malformed."""
    try:
        parts = urlsplit(url)
        name, _ = parts.hostname, parts.port
    except ValueError:
        return None
    if not name or not url.isascii() or not url.isprintable() or " " in url:
        return None
    if parts.username is not None or parts.path.strip("/") or parts.query or parts.fragment:
        return None
    return _Place(name, parts.netloc)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
