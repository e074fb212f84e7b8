"""HTTP and WebSocket as uvicorn speaks them, within the limits.

uvicorn and the libraries below it refuse what is malformed and bound the size of a message. What
they do not bound is done here: connections of a client, the time for a request's headers, clients
that take nothing, the number of frames.
"""

import asyncio
from typing import Any

import h11
from uvicorn._types import ASGISendEvent
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.frames import Frame
from websockets.http11 import Request

from connectors.live.connections import Connection, Connections

CONNECTIONS = "connections"
"""Name of the `Connections` in the application's state."""
READY = "ready"
"""Name of `LimitedWebSocket.ready` in the state of a feed's scope."""
_POLICY, _NO_TEXT = 1008, 1007
_PIECE = 4_096
"""So many bytes are parsed before it is looked whether they are too many frames."""


def _answer(status: str) -> bytes:
    text = f"{status[4:]}\n"
    return (
        f"HTTP/1.1 {status}\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n"
        f"Content-Length: {len(text)}\r\n\r\n{text}"
    ).encode()


class LimitedHTTP(H11Protocol):
    """A connection that requests come on, one after the other."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._all: Connections = app_state[CONNECTIONS]
        self._limits = self._all.limits
        self._own: Connection | None = None
        self._head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Admit the connection, or answer that there are too many."""
        super().connection_made(transport)
        now_s = self.loop.time()
        self._own = self._all.admit(transport, now_s)
        if self._own is None:
            self._refuse("503 Service Unavailable")
            return
        self._own.late = self._too_slow
        self._own.deadline_s = now_s + self._limits.head_s

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._all.lost(self.transport)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take a part of a request, which must be complete in time."""
        if self._own is None or self.transport.is_closing():
            return
        if self.conn.their_state is h11.IDLE:
            self._head_bytes += len(data)
            if self._head_bytes > self._limits.head_bytes:
                self._refuse("431 Request Header Fields Too Large")
                return
        super().data_received(data)
        if self.transport.get_protocol() is not self:
            return  # it has become a feed
        if self.conn.their_state in {h11.IDLE, h11.SEND_BODY}:
            if self._own.deadline_s is None:
                self._own.deadline_s = self.loop.time() + self._limits.head_s
        else:
            self._head_bytes = 0
            self._own.deadline_s = None

    def send_400_response(self, msg: str) -> None:
        """Answer what is malformed; a request that it was the rest of gets no other answer."""
        super().send_400_response(msg)
        if self.cycle is not None:
            self.cycle.disconnected = True
            self.cycle.message_event.set()

    def resume_writing(self) -> None:
        """The client has taken most of what waited for it."""
        super().resume_writing()
        if self._own is not None:
            self._own.moved()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """Make a feed of it, unless the WebSocket library would not take so long a request."""
        sizes = [len(name) + len(value) for name, value in self.headers]
        longest = max([len(event.target), *sizes])
        if len(sizes) > self._limits.headers or longest > self._limits.line_bytes:
            self._refuse("431 Request Header Fields Too Large")
            return
        if self._own is not None:
            self._own.deadline_s = None
        super().handle_websocket_upgrade(event)

    def _too_slow(self) -> None:
        if getattr(self.cycle, "response_complete", True):
            self._refuse("408 Request Timeout")
        else:
            self.transport.abort()

    def _refuse(self, status: str) -> None:
        self.transport.write(_answer(status))
        self.transport.close()


class LimitedWebSocket(WebSocketsSansIOProtocol):
    """The connection of a feed's client."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._all: Connections = app_state[CONNECTIONS]
        self._limits = self._all.limits
        self._second_s = 0.0
        self._in_second = 0

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._all.lost(self.transport)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take frames, or parts of them."""
        for start in range(0, len(data), _PIECE):
            if self.transport.is_closing():
                return
            super().data_received(data[start : start + _PIECE])

    def resume_writing(self) -> None:
        """The client has taken most of what waited for it."""
        super().resume_writing()
        self._all.of(self.transport).moved()

    def handle_connect(self, event: Request) -> None:
        """Serve the feed, which may ask when the client can take more."""
        super().handle_connect(event)
        if self.response.status_code == 101:
            self.scope["state"][READY] = self.ready

    def handle_ping(self) -> None:
        """Answer it."""
        if self._counted():
            super().handle_ping()

    def handle_pong(self, event: Frame) -> None:
        """Note that the client is there."""
        if self._counted():
            super().handle_pong(event)

    def handle_cont(self, event: Frame) -> None:
        """Take a part of a message."""
        if len(self.frames) >= self._limits.fragments:
            self._fail(_POLICY, "a message in too many parts")
        if self._counted():
            super().handle_cont(event)

    def send_receive_event_to_app(self) -> None:
        """Pass a whole message on."""
        if self.queue.qsize() >= self._limits.queued:
            self._fail(_POLICY, "too many messages at once")
        if not self._counted():
            return
        if self.curr_msg_data_type == "text":
            try:
                b"".join(self.frames).decode()
            except UnicodeDecodeError:
                # uvicorn would write the traceback of it into the log.
                self._fail(_NO_TEXT, "invalid UTF-8")
                return
        super().send_receive_event_to_app()

    async def send(self, message: ASGISendEvent) -> None:
        """Write a message."""
        if self.close_sent and message["type"] in {"websocket.send", "websocket.close"}:
            # It was closed for what the client sent; uvicorn would call that a mistake of ours.
            raise ClientDisconnected
        await super().send(message)
        if self.initial_response is not None and self.close_sent:
            # It was refused, which uvicorn would report as an error of the application.
            self.handshake_complete = True
        if message["type"] == "websocket.send" and not self.disconnected:
            size = len(message.get("text") or message.get("bytes") or "")
            self._all.wrote(self._all.of(self.transport), size)

    async def ready(self, large: bool) -> None:  # noqa: FBT001 - called through the state
        """Return when the client has taken what was sent, and others have left room for more.

        Args:
            large: whether it has to wait for the others; what is small does not.
        """
        await self.writable.wait()
        if large:
            await self._all.room()

    def _counted(self) -> bool:
        """Count a frame; whether it is to be handled."""
        if self.close_sent or self.transport.is_closing():
            return False
        now_s = self.loop.time()
        if now_s - self._second_s >= 1.0:
            self._second_s, self._in_second = now_s, 0
        self._in_second += 1
        if self._in_second > self._limits.frames_per_s:
            self._fail(_POLICY, "too many frames")
            return False
        return True

    def _fail(self, code: int, reason: str) -> None:
        if not self.close_sent:
            self.frames = []
            self.conn.fail(code, reason)
            self.handle_parser_exception()
