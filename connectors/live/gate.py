"""What requests are taken at all: few enough of a client, short, and without a body."""

import math
from collections.abc import Callable
from time import monotonic

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from connectors.live.limits import Limits, client_of
from connectors.live.rates import Rates

LOGIN = "/login"
"""The one path that takes a body."""
MOST_BODY = 4_096


class Gate:
    """Refuses what no browser and no program of a reader sends, and what is too much.

    Args:
        app: what is protected.
        limits: how much.
        clock_s: a clock that does not jump.
    """

    def __init__(
        self, app: ASGIApp, limits: Limits, clock_s: Callable[[], float] = monotonic
    ) -> None:
        self._app = app
        self._limits = limits
        self._rates = Rates(limits.requests_per_s, limits.request_burst)
        self._clock_s = clock_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is allowed."""
        if scope["type"] in {"http", "websocket"}:
            refused = self._too_often(scope) or self._malformed(scope)
            if refused is not None:
                await refused(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _too_often(self, scope: Scope) -> PlainTextResponse | None:
        client = client_of(scope["client"][0] if scope["client"] else None)
        wait_s = self._rates.excess_s(client, self._clock_s())
        if not wait_s:
            return None
        return _refusal(429, "too many requests", {"Retry-After": str(math.ceil(wait_s))})

    def _malformed(self, scope: Scope) -> PlainTextResponse | None:
        return self._too_long(scope) or (None if scope["type"] == "websocket" else _sends(scope))

    def _too_long(self, scope: Scope) -> PlainTextResponse | None:
        headers = scope["headers"]
        if len(headers) > self._limits.headers:
            return _refusal(431, f"at most {self._limits.headers} headers")
        target = len(scope["raw_path"]) + len(scope["query_string"])
        if target > self._limits.line_bytes:
            return _refusal(414, f"an address has at most {self._limits.line_bytes} bytes")
        if "\0" in scope["path"]:
            return _refusal(400, "no path")
        return None


def _sends(scope: Scope) -> PlainTextResponse | None:
    takes_body = scope["path"] == LOGIN and scope["method"] == "POST"
    if scope["method"] not in {"GET", "HEAD"} and not takes_body:
        return _refusal(405, "GET only", {"Allow": "GET, HEAD"})
    lengths = [value for name, value in scope["headers"] if name == b"content-length"]
    chunked = any(name == b"transfer-encoding" for name, _ in scope["headers"])
    if chunked or any(not _fits(each, MOST_BODY if takes_body else 0) for each in lengths):
        return _refusal(413, "a body, or one of this size, is not taken")
    return None


def _fits(length: bytes, most: int) -> bool:
    # h11 has refused what is no number; the longest numbers cost time to read.
    return len(length) < 10 and int(length) <= most


def _refusal(status: int, text: str, headers: dict[str, str] | None = None) -> PlainTextResponse:
    # What follows on the connection, such as a body, is not looked at.
    closing = {"Connection": "close", **(headers or {})}
    return PlainTextResponse(f"{text}\n", status, closing)
