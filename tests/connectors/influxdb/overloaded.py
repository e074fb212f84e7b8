"""A real InfluxDB behind a door; while it is shut, writes are answered as by one overloaded."""

import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

KEPT = ("Authorization", "Content-Type", "Accept")


class Door:
    """The door.

    Attributes:
        url: address of the server behind it.
        shut: while set, writes are answered with status 503.
        turned_away: set once a write has been.
    """

    def __init__(self) -> None:
        self.url = ""
        self.shut = Event()
        self.turned_away = Event()


@contextmanager
def door_of(server: str) -> Iterator[Door]:
    """A door before a server."""
    door = Door()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))) or None
            if door.shut.is_set() and "/write" in self.path:
                door.turned_away.set()
                self._answer(503, [("Retry-After", "0.2")], b"overloaded")
                return
            headers = {name: self.headers[name] for name in KEPT if name in self.headers}
            asked = urllib.request.Request(  # noqa: S310 - a server of the tests
                server + self.path, body, headers, method=self.command
            )
            try:
                with urllib.request.urlopen(asked, timeout=60) as answer:  # noqa: S310 - as above
                    self._answer(answer.status, answer.getheaders(), answer.read())
            except urllib.error.HTTPError as error:
                self._answer(error.code, list(error.headers.items()), error.read())

        do_GET = do_POST = do_PATCH = _pass_on  # noqa: N815 - names of the base class

        def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
            self.send_response(status)
            for name, value in headers:
                if name.lower() not in {"content-length", "transfer-encoding", "connection"}:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the base class
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        listening.daemon_threads = True
        door.url = f"http://127.0.0.1:{listening.server_port}"
        thread = Thread(target=listening.serve_forever, daemon=True)
        thread.start()
        try:
            yield door
        finally:
            listening.shutdown()
            thread.join()
