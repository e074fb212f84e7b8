"""The server of the live page and feed: one process, one port."""

import asyncio
import ipaddress
import logging
import resource
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import FrameType

import uvicorn

from connectors.live.app import make_app
from connectors.live.connections import Connections
from connectors.live.feed import Feed
from connectors.live.limits import DEFAULTS, Limits
from connectors.live.protocols import LimitedHTTP, LimitedWebSocket
from tidegauge.errors import UserMistake

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8787
_SEND_BUFFER = 262_144
"""What the kernel holds for a slow client: little, for it is old before it arrives."""
_BACKLOG = 128
"""So many connections are accepted at once, before it is looked whether they are too many."""
_OTHER_FILES = 256
_TICKS = 5
"""Ticks of the server, tenths of a second, from one look at the connections to the next."""
_END_S = 2


@dataclass(frozen=True, slots=True)
class Listener:
    """An open port.

    Attributes:
        socket: what is listened on.
        url: where a browser of this machine finds it.
    """

    socket: socket.socket
    url: str

    @property
    def port(self) -> int:
        """Its number."""
        port: int = self.socket.getsockname()[1]
        return port

    @property
    def private(self) -> bool:
        """Whether only this machine can reach it."""
        return ipaddress.ip_address(self.socket.getsockname()[0].partition("%")[0]).is_loopback


def listen(host: str = DEFAULT_HOST, port: int = DEFAULT_PORT) -> Listener:
    """Open a port; port 0 is a free one.

    Raises:
        UserMistake: the port is taken or the host is none of this machine.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
        listener.bind(address)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UserMistake(
            f"{host}:{port}: {reason}; choose another with --port, 0 takes any free one"
        ) from None
    shown = "127.0.0.1" if host in {"0.0.0.0", "::", "localhost"} else host  # noqa: S104 - compared
    shown = f"[{shown}]" if ":" in shown else shown
    return Listener(listener, f"http://{shown}:{listener.getsockname()[1]}/")


def serve(
    feed: Feed,
    listener: Listener,
    allowed_hosts: Iterable[str] = (),
    on_start: Callable[[], None] = lambda: None,
    token: str = "",
    limits: Limits = DEFAULTS,
) -> None:
    """Serve until SIGINT or SIGTERM.

    Args:
        feed: what is served.
        listener: the open port; closed at the end.
        allowed_hosts: names the page may be reached by, besides addresses and localhost.
        on_start: called when the first request would be answered.
        token: what a client must show to read; empty for nothing.
        limits: how much clients may have.
    """
    failures: list[BaseException] = []

    def failed(error: BaseException) -> None:
        failures.append(error)
        server.should_exit = True

    connections = Connections(limits)
    app = make_app(feed, connections, allowed_hosts, token, failed)
    _allow_files(limits.connections + _BACKLOG + _OTHER_FILES)
    # A client that does not read its updates must not be reported as an error of ours.
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
    config = uvicorn.Config(
        app,
        http=LimitedHTTP,
        h11_max_incomplete_event_size=limits.head_bytes,
        ws=LimitedWebSocket,
        ws_max_size=limits.message_bytes,
        # A message that is small when it comes must not be large when it is read.
        ws_per_message_deflate=False,
        proxy_headers=False,
        backlog=_BACKLOG,
        timeout_keep_alive=limits.idle_s,
        timeout_graceful_shutdown=_END_S,
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
    )
    server = _Server(config, connections, on_start)
    with listener.socket:
        server.run(sockets=[listener.socket])
    if failures:
        raise failures[0]


class _Server(uvicorn.Server):
    """Tells when it has started, and ends by a signal as asked: its base dies of it in the end.

    Now and then it looks at its connections.
    """

    def __init__(
        self, config: uvicorn.Config, connections: Connections, on_start: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._connections = connections
        self._on_start = on_start

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self.started:
            self._on_start()

    async def on_tick(self, counter: int) -> bool:
        if counter % _TICKS == 0:
            self._connections.examine(asyncio.get_running_loop().time())
        return await super().on_tick(counter)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.force_exit = self.should_exit
        self.should_exit = True


def _allow_files(count: int) -> None:
    """Let the process open so many files, if the system lets it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < count:
        most = count if hard == resource.RLIM_INFINITY else min(count, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))
