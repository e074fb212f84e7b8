"""Settings for the InfluxDB of the tests, and a server that answers what a test tells it to."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from tests.services.influxdb import InfluxDB
from tidegauge.settings import Settings

TOKEN = "a-secret-token"  # noqa: S105 - of no server


def settings_of(server: InfluxDB, **changes: object) -> Settings:
    """Settings that lead to a real server."""
    known = {"influxdb_url": server.url, "influxdb_token": server.token}
    return Settings.model_validate({**known, "influxdb_org": server.org, **changes})


@dataclass
class Answering:
    """A server that gives the listed answers in turn, the last one for ever.

    Attributes:
        url: its address.
        answers: status and headers of each answer.
        bodies: what was written to it.
    """

    answers: list[tuple[int, dict[str, str]]]
    url: str = ""
    bodies: list[bytes] = field(default_factory=list)

    def settings(self) -> Settings:
        """Settings that lead to it."""
        return Settings.model_validate({"influxdb_url": self.url, "influxdb_token": TOKEN})


@contextmanager
def answering(*answers: tuple[int, dict[str, str]]) -> Iterator[Answering]:
    """For faults that a real server cannot be brought to on demand."""
    script = Answering(list(answers))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            script.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            status, headers = script.answers[0]
            if len(script.answers) > 1:
                script.answers.pop(0)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the base class
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        script.url = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield script
        finally:
            server.shutdown()
            thread.join()
