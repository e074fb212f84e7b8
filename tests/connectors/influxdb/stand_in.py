"""A stand-in for InfluxDB's buckets and databases: enough for the start of a flow.

What it answers is what InfluxDB 2.9 answers; `test_server.py` asks the real one.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.connectors.influxdb.servers import TOKEN
from tidegauge.settings import Settings

ORG = "tidegauge"
Document = dict[str, Any]


@dataclass
class StandIn:
    """What the server has, what it was asked, and what it refuses.

    Attributes:
        url: its address.
        buckets: as InfluxDB describes them.
        mappings: of InfluxQL databases to buckets.
        refused: the answer in place of the usual one, by method and path.
        asked: method and path of every request.
    """

    url: str = ""
    buckets: list[Document] = field(default_factory=list)
    mappings: list[Document] = field(default_factory=list)
    refused: dict[str, tuple[int, str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def settings(self) -> Settings:
        """Settings that lead to it."""
        known = {"influxdb_url": self.url, "influxdb_token": TOKEN, "influxdb_org": ORG}
        return Settings.model_validate(known)

    def bucket(self, name: str, retention_s: int = 0) -> Document:
        """A bucket that is there."""
        rules = [{"type": "expire", "everySeconds": retention_s}] if retention_s else []
        made = {"id": f"b{len(self.buckets)}", "orgID": "o", "name": name, "retentionRules": rules}
        self.buckets.append(made)
        return made

    def mapping(self, name: str, number: str, **more: object) -> None:
        """A mapping that is there."""
        known = {"id": number, "orgID": "o", "bucketID": "b0", "database": name}
        kind = {"retention_policy": "autogen", "default": True, "virtual": False}
        self.mappings.append({**known, **kind, **more})

    def answer(self, method: str, path: str, query: Document, asked: Document) -> Document | None:
        """What the real one answers, without a body where that is None."""
        found: Document | None = None
        match method, path.removeprefix("/api/v2"):
            case "GET", "/orgs":
                found = {"orgs": [{"id": "o", "name": ORG}]}
            case "GET", "/buckets":
                found = {"buckets": [one for one in self.buckets if one["name"] == query["name"]]}
            case "POST", "/buckets":
                found = {"id": f"b{len(self.buckets)}", **asked}
                self.buckets.append(found)
            case "PATCH", _:
                self.buckets[0].update(asked)
                found = self.buckets[0]
            case "GET", "/dbrps":
                found = {"content": [o for o in self.mappings if o["database"] == query["db"]]}
            case "POST", "/dbrps":
                found = {"id": f"m{len(self.mappings)}", "orgID": "o", "virtual": False, **asked}
                self.mappings.append(found)
            case "DELETE", gone:
                self.mappings = [one for one in self.mappings if not gone.endswith(one["id"])]
        return found


@contextmanager
def standing_in() -> Iterator[StandIn]:
    """A server on this machine."""
    there = StandIn()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = urlsplit(self.path)
            there.asked.append(f"{self.command} {url.path}")
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length)
            if refusal := there.refused.get(there.asked[-1]):
                return self._send(refusal[0], {"code": "refused", "message": refusal[1]})
            query = {name: values[0] for name, values in parse_qs(url.query).items()}
            asked = json.loads(body) if body.strip() else {}
            document = there.answer(self.command, url.path, query, asked)
            made = self.command == "POST" and document is not None
            return self._send(201 if made else 200 if document is not None else 204, document)

        do_POST = do_PATCH = do_DELETE = do_GET  # noqa: N815 - as the base class

        def _send(self, status: int, document: Document | None) -> None:
            body = b"" if document is None else json.dumps(document).encode()
            self.send_response(status)
            self.send_header("X-Influxdb-Version", "v2.9.1")
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the base class
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        there.url = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield there
        finally:
            server.shutdown()
            thread.join()
