"""The server of the live page and feed: one process, one port."""

import logging
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import FrameType

import uvicorn

from connectors.live.app import make_app
from connectors.live.feed import MOST_CLIENTS, Feed
from tidegauge.errors import UserMistake

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8787
_LONGEST_REQUEST = 65_536
_SEND_BUFFER = 262_144
"""What the kernel holds for a slow client: little, for it is old before it arrives."""
_SPARE_CONNECTIONS = 100
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
) -> None:
    """Serve until SIGINT or SIGTERM.

    Args:
        feed: what is served.
        listener: the open port; closed at the end.
        allowed_hosts: names the page may be reached by, besides addresses and localhost.
        on_start: called when the first request would be answered.
    """
    failures: list[BaseException] = []

    def failed(error: BaseException) -> None:
        failures.append(error)
        server.should_exit = True

    app = make_app(feed, allowed_hosts, failed)
    # A client that does not read its updates must not be reported as an error of ours.
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
    config = uvicorn.Config(
        app,
        ws="websockets-sansio",
        ws_max_size=_LONGEST_REQUEST,
        ws_per_message_deflate=False,
        limit_concurrency=MOST_CLIENTS + _SPARE_CONNECTIONS,
        timeout_graceful_shutdown=_END_S,
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
    )
    server = _Server(config, on_start)
    with listener.socket:
        server.run(sockets=[listener.socket])
    if failures:
        raise failures[0]


class _Server(uvicorn.Server):
    """Tells when it has started, and ends by a signal as asked: its base dies of it in the end."""

    def __init__(self, config: uvicorn.Config, on_start: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_start = on_start

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self.started:
            self._on_start()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.force_exit = self.should_exit
        self.should_exit = True
