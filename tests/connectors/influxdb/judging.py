"""A server in this process that takes and refuses lines by a rule, as InfluxDB does."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from tests.connectors.influxdb.servers import TOKEN
from tidegauge.settings import Settings

MOST_REQUESTS = 200
"""Whoever asks more often goes round in circles, and is told that there is no such bucket."""

Answer = tuple[int, bytes]
"""Status and body."""
Refuses = Callable[[Sequence[str]], Answer]
"""The answer to a request, by the lines of it that are refused."""


def quoting(lines: Sequence[str]) -> Answer:
    """As to lines that cannot be parsed: each is quoted, and none of the request is kept."""
    return _told(400, "\n".join(f"unable to parse '{line}': missing fields" for line in lines))


def counting(lines: Sequence[str]) -> Answer:
    """As to fields of another type: the others are kept, and how many were left out is told."""
    return _told(422, f"{_PARTIAL}no hint at all dropped={len(lines)}")


def naming(lines: Sequence[str]) -> Answer:
    """The same, with the field that is to blame."""
    conflict = 'field type conflict: input field "bad" on measurement "m" is type float'
    return _told(422, f"{_PARTIAL}{conflict}, already exists as type integer dropped={len(lines)}")


def mute(_: Sequence[str]) -> Answer:
    """As a proxy in between: none of the request is kept, and nothing is told."""
    return 400, b""


def strange(_: Sequence[str]) -> Answer:
    """The same in a text that is no UTF-8."""
    return 400, b"\xff\xfe not this \x80"


_PARTIAL = "failure writing points to database: partial write: "


def _told(status: int, message: str) -> Answer:
    return status, json.dumps({"code": "invalid", "message": message}).encode()


@dataclass
class Judging:
    """The server.

    Attributes:
        refused: whether a line is refused.
        refuses: what is answered then.
        keeps_others: whether the other lines of the request are kept.
        most_lines: a request of more is too large.
        first: answers that come before all that, whatever is asked.
        stored: lines that were kept.
        requests: lines of each request.
    """

    refused: Callable[[str], bool] = lambda _: False
    refuses: Refuses = quoting
    keeps_others: bool = False
    most_lines: int = 1_000_000
    first: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""
    stored: set[str] = field(default_factory=set)
    requests: list[list[str]] = field(default_factory=list)

    def settings(self) -> Settings:
        """Settings that lead to it."""
        return Settings.model_validate({"influxdb_url": self.url, "influxdb_token": TOKEN})

    def answer(self, lines: list[str]) -> tuple[int, dict[str, str], bytes]:
        """What it says to a request."""
        self.requests.append(lines)
        if len(self.requests) > MOST_REQUESTS:
            return 404, {}, b"asked too often"
        if self.first:
            return self.first.pop(0)
        if len(lines) > self.most_lines:
            return 413, {}, b""
        bad = [line for line in lines if self.refused(line)]
        if not bad or self.keeps_others:
            self.stored |= set(lines) - set(bad)
        status, body = self.refuses(bad) if bad else (204, b"")
        return status, {}, body


@contextmanager
def serving(server: Judging) -> Iterator[Judging]:
    """Let it listen."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, headers, told = server.answer(body.decode().split("\n"))
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(told))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(told)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the base class
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        server.url = f"http://127.0.0.1:{listening.server_port}"
        thread = Thread(target=listening.serve_forever, args=[0.01])
        thread.start()
        try:
            yield server
        finally:
            listening.shutdown()
            thread.join()
