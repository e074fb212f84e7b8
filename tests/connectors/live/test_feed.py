"""The feed as programs meet it: a server process, a store that grows, real WebSockets."""

import http.client
import json
import socket
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from websockets.exceptions import InvalidStatus

from tests.connectors.live.records import alert, anomaly, at, window
from tests.connectors.live.servers import TIMEOUT_S, Live, live, message, until_series

MIB = 2**20


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with live(tmp_path_factory.mktemp("live")) as running:
        running.store.write([window("base", 1, 50.0), window("base", 2, 51.0)])
        running.store.write([alert("knock", "base", 2, "firing"), anomaly("base", 2)])
        known: set[str] = set()
        with running.connect() as client:
            # What was written in two steps may be told in two messages.
            while not {"series", "alerts", "anomalies"} <= known:
                told = message(client)
                assert told["type"] in {"initial_state", "update"}
                known |= {name for name, some in told.items() if some}
        yield running


def test_the_first_message_has_all(server: Live) -> None:
    with server.connect() as client:
        state = message(client)
    assert state["type"] == "initial_state"
    (series,) = [each for each in state["series"] if each["keys"] == {"machine": "base"}]
    assert series["fields"]["temperature_avg"][:2] == [50.0, 51.0]
    fields = {field["name"]: field for field in state["signals"][0]["fields"]}
    assert fields["temperature_avg"]["unit"] == "celsius"
    assert fields["temperature_avg"]["thresholds"] == {"warning": 75.0, "critical": 85.0}
    assert [each["alert"] for each in state["alerts"]] == ["knock"]
    assert [each["anomaly"] for each in state["anomalies"]] == ["unusual_temperature"]
    assert state["settings"] == {
        "points": 1_000,
        "update_every_ms": 1_000.0,
        "refresh_ms": 5_000.0,
        "range_ms": 900_000.0,
    }


def test_updates_bring_new_and_overwritten_records(server: Live) -> None:
    with server.connect() as client:
        message(client)
        server.store.write([window("grown", 3, 60.0)])
        until_series(client, "grown", at(3))
        server.store.write([window("grown", 3, 61.0, revision=1)])
        told = until_series(client, "grown", at(3))
        (series,) = [each for each in told["series"] if each["keys"] == {"machine": "grown"}]
        assert series["fields"]["temperature_avg"] == [61.0]


def test_updates_are_a_second_apart(server: Live) -> None:
    with server.connect() as client:
        sent = []
        for step in range(4):
            server.store.write([window("paced", step, 60.0)])
            sent.append(until_series(client, "paced", at(step))["sent_ms"])
    gaps = [later - earlier for earlier, later in pairwise(sent[1:])]
    assert min(gaps) >= 900


def test_two_clients_get_the_same_updates(server: Live) -> None:
    with server.connect() as one, server.connect() as other:
        message(one)
        message(other)
        server.store.write([window("shared", 1, 60.0)])
        assert until_series(one, "shared", at(1)) == until_series(other, "shared", at(1))


def test_requests_are_answered_with_a_new_state(server: Live) -> None:
    with server.connect() as client:
        message(client)
        client.send(json.dumps({"type": "filter", "search": "BAS", "id": "mine"}))
        while (state := message(client))["type"] != "initial_state":
            pass
        assert state["reply_to"] == "mine"
        assert [each["keys"] for each in state["series"]] == [{"machine": "base"}]
        assert state["selection"]["search"] == "bas"


def test_a_wrong_request_gets_an_error_and_all_goes_on(server: Live) -> None:
    with server.connect() as client:
        message(client)
        for wrong in ("hello", b"\x00\xff", '{"type": "filter", "keys": {"no": []}, "id": "7"}'):
            client.send(wrong)
            while (error := message(client))["type"] != "error":
                pass
        assert error["reply_to"] == "7"
        server.store.write([window("after", 1, 60.0)])
        until_series(client, "after", at(1))


def test_a_request_too_large_ends_that_client_only(server: Live) -> None:
    with server.connect() as good:
        message(good)
        with server.connect() as bad:
            bad.send("x" * 200_000)
        server.store.write([window("spared", 1, 60.0)])
        until_series(good, "spared", at(1))


def test_clients_that_never_read_cost_no_memory_and_delay_nobody(server: Live) -> None:
    """Kept for them, the last four updates alone would be 40 MiB."""
    keys = [f"bulk-{number}" for number in range(24)]
    silent = [deaf_client(server) for _ in range(40)]
    with server.connect() as client:
        client.send(json.dumps({"type": "filter", "search": "bulk"}))
        sizes = []
        for step in range(8):
            rows = [window(key, 300 * step + row, float(row)) for key in keys for row in range(300)]
            server.store.write(rows)
            until_series(client, keys[-1], at(300 * step + 299))
            sizes.append(server.process.memory_info().rss / MIB)
    for connection in silent:
        connection.close()
    assert max(sizes[4:]) < sizes[3] + 25


def deaf_client(server: Live) -> socket.socket:
    """A WebSocket that was opened by hand and is never read."""
    parts = urlsplit(server.url)
    connection = socket.create_connection((parts.hostname, parts.port), TIMEOUT_S)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    connection.sendall(
        f"GET /feed HTTP/1.1\r\nHost: {parts.netloc}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
    )
    return connection


@pytest.mark.parametrize(
    ("host", "status"),
    [("{own}", 200), ("localhost:{port}", 200), ("rebound.example:{port}", 403), ("", 403)],
)
def test_only_own_names_are_answered(server: Live, host: str, status: int) -> None:
    parts = urlsplit(server.url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=TIMEOUT_S)
    connection.putrequest("GET", "/", skip_host=True)
    connection.putheader("Host", host.format(own=parts.netloc, port=parts.port))
    connection.endheaders()
    assert connection.getresponse().status == status


def test_a_page_of_another_site_cannot_open_the_feed(server: Live) -> None:
    own = server.url.rstrip("/")
    with server.connect(origin=own) as client:
        assert message(client)["type"] == "initial_state"
    for other in ("https://elsewhere.example", "null", own.replace("http:", "http://x.")):
        with pytest.raises(InvalidStatus, match="403"), server.connect(origin=other):
            pass


def test_only_the_page_and_the_scripts_it_needs_are_served(server: Live) -> None:
    def status(path: str) -> int:
        connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=TIMEOUT_S)
        connection.request("GET", path)
        return connection.getresponse().status

    assert status("/charts/bokeh.min.js") == 200
    assert status("/charts/bokeh-gl.min.js") == 404
    assert status("/page/../server.py") == 404
    assert status("/page/%2e%2e/server.py") == 404
    assert status("/feed.schema.json") == 200


def test_a_pipeline_without_records_has_an_empty_first_state(tmp_path: Path) -> None:
    with live(tmp_path) as running, running.connect() as client:
        state = message(client)
        assert (state["series"], state["overview"]["events"]) == ([], 0)
