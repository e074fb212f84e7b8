"""Hostile clients: each gets its answer, nobody else notices, and the log has no traceback."""

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from benchmarks.hostile.web import (
    FRAMES,
    REQUESTS,
    Attack,
    answer,
    close_code,
    frame,
    opened,
)
from connectors.live.limits import MIB, Limits
from tests.connectors.live.records import at, window
from tests.connectors.live.servers import Live, live, message, until_series

SHORT = Limits(head_s=1.0, stall_s=4.0)
"""Times of a server that is attacked with slowness, so that a test need not wait for long."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with live(tmp_path_factory.mktemp("hostile")) as running:
        running.store.write([window("base", 1, 50.0)])
        yield running
        assert running.log == ""


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with live(tmp_path_factory.mktemp("short"), limits=SHORT) as running:
        fill(running)
        yield running
        assert running.log == ""


def fill(running: Live) -> None:
    """Write so many points that an answer has 1.5 MB."""
    keys = [f"bulk-{number}" for number in range(24)]
    running.store.write([window(key, step, 50.5) for key in keys for step in range(1_000)])
    with running.connect() as client:
        until_series(client, keys[-1], at(999))


@pytest.mark.parametrize("attack", REQUESTS, ids=lambda attack: attack.name)
def test_a_malformed_request_is_refused(server: Live, attack: Attack) -> None:
    status = answer(server.url, attack)
    assert attack.fits(status), status


@pytest.mark.parametrize("attack", FRAMES, ids=lambda attack: attack.name)
def test_malformed_frames_close_their_feed(server: Live, attack: Attack) -> None:
    code = close_code(server.url, attack)
    assert attack.fits(code), code


def test_malformed_traffic_costs_no_memory_and_spares_the_others(server: Live) -> None:
    sizes = []
    with server.connect() as client:
        message(client)
        for number in range(6):
            for attack in REQUESTS:
                answer(server.url, attack)
            for attack in FRAMES:
                close_code(server.url, attack)
            server.store.write([window("spared", number, 50.0)])
            until_series(client, "spared", at(number))
            sizes.append(server.process.memory_info().rss / MIB)
    assert sizes[-1] < sizes[1] + 25


def test_the_same_question_in_many_ways_costs_no_memory(tmp_path: Path) -> None:
    """Nothing new comes that would let the answers be forgotten."""
    sizes = []
    with live(tmp_path) as running, ExitStack() as stack:
        fill(running)
        clients = [stack.enter_context(running.connect()) for _ in range(4)]
        for number in range(80):
            client = clients[number % 4]
            client.send(json.dumps({"type": "filter", "search": "bulk-" + " " * number}))
            client.send(json.dumps({"type": "subscribe", "top": 24 + number}))
            while (state := message(client))["selection"]["top"] != 24 + number:
                pass
            sizes.append(running.process.memory_info().rss / MIB)
    assert sizes[-1] < sizes[59] + 25
    assert len(state["series"]) == 24


def test_a_client_that_never_reads_is_given_up(short: Live) -> None:
    with opened(short.url, receive_buffer=4_096) as deaf:
        deaf.sendall(frame(1, b'{"type": "subscribe"}'))
        until_reset(short, deaf)


def test_a_client_that_never_reads_and_pings_all_the_time_is_given_up(short: Live) -> None:
    with opened(short.url, receive_buffer=4_096) as deaf:
        for _ in range(20):
            deaf.sendall(frame(1, b'{"type": "subscribe"}'))
        until_reset(short, deaf, frame(9, b"x" * 100))


def test_a_client_that_takes_no_file_is_given_up(short: Live) -> None:
    request = b"GET /charts/bokeh.min.js HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with connected(short, receive_buffer=4_096) as deaf:
        deaf.sendall(request * 20)
        until_reset(short, deaf)


@pytest.mark.parametrize(
    "begin",
    [b"", b"G", b"GET / HTTP/1.1\r\nHost: localhost\r\n", b"\r\n" * 3],
    ids=["nothing", "a byte", "half a head", "empty lines"],
)
def test_a_head_that_drips_is_not_waited_for(short: Live, begin: bytes) -> None:
    with connected(short) as slow:
        slow.sendall(begin)
        assert dripped(slow, b"a").startswith((b"HTTP/1.1 408", b"HTTP/1.1 400", b""))


def test_a_second_head_that_drips_is_not_waited_for(short: Live) -> None:
    with connected(short) as slow:
        slow.sendall(b"GET /feed.schema.json HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert slow.recv(64).startswith(b"HTTP/1.1 200")
        assert b"HTTP/1.1 408" in dripped(slow, b"G")


def test_an_idle_connection_is_closed(short: Live) -> None:
    with connected(short) as idle:
        idle.sendall(b"GET /feed.schema.json HTTP/1.1\r\nHost: localhost\r\n\r\n")
        while idle.recv(65_536):
            pass


def test_a_body_that_never_ends_is_not_taken(short: Live) -> None:
    with connected(short) as endless:
        head = b"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4000\r\n\r\n"
        endless.sendall(head)
        dripped(endless, b"a")


def test_a_client_has_so_many_connections_and_others_have_theirs(tmp_path: Path) -> None:
    with live(tmp_path, limits=Limits(connections_per_client=5)) as running, ExitStack() as stack:
        held = [stack.enter_context(connected(running)) for _ in range(5)]
        with connected(running) as more:
            assert more.recv(64).startswith(b"HTTP/1.1 503 ")
        with connected(running, source="127.0.0.2") as other:
            other.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert other.recv(64).startswith(b"HTTP/1.1 200 ")
        held[0].close()
        with running.connect() as again:
            assert message(again)["type"] == "initial_state"
        assert running.log == ""


def test_all_clients_have_so_many_connections(tmp_path: Path) -> None:
    with live(tmp_path, limits=Limits(connections=5)) as running, ExitStack() as stack:
        for number in range(5):
            stack.enter_context(connected(running, source=f"127.0.0.{number + 2}"))
        with connected(running) as more:
            assert more.recv(64).startswith(b"HTTP/1.1 503 ")


def test_a_client_has_so_many_requests_and_others_have_theirs(tmp_path: Path) -> None:
    with live(tmp_path, limits=Limits(requests_per_s=0.01, request_burst=5)) as running:
        for _ in range(5):
            assert status_of(running) == b"200"
        assert status_of(running) == b"429"
        with pytest.raises(ConnectionError, match="429"), opened(running.url):
            pass
        assert status_of(running, source="127.0.0.2") == b"200"


def test_messages_that_come_too_often_wait_for_their_turn(tmp_path: Path) -> None:
    limits = Limits(messages_per_s=0.01, message_burst=3)
    with live(tmp_path, limits=limits) as running, running.connect() as client:
        message(client)
        for number in range(4):
            client.send(json.dumps({"type": "filter", "id": str(number)}))
            if number < 3:
                while message(client).get("reply_to") != str(number):
                    pass
        running.store.write([window("after", 1, 50.0)])
        told = until_series(client, "after", at(1))
        assert told.get("reply_to") is None


def test_what_waits_for_deaf_clients_is_bounded_and_others_are_served(tmp_path: Path) -> None:
    limits = Limits(unsent_bytes=4 * MIB)
    with live(tmp_path, limits=limits) as running, ExitStack() as stack:
        fill(running)
        with running.connect() as client:
            message(client)
            before = running.process.memory_info().rss / MIB
            for _ in range(60):
                stack.enter_context(opened(running.url, receive_buffer=4_096))
            running.store.write([window("after", 1, 99.0)])
            until_series(client, "after", at(1))
            assert running.process.memory_info().rss / MIB < before + 40


def connected(
    server: Live, *, source: str = "127.0.0.1", receive_buffer: int | None = None
) -> socket.socket:
    """A connection on which nothing was sent yet."""
    connection = socket.socket()
    if receive_buffer is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    connection.settimeout(30.0)
    connection.bind((source, 0))
    host, port = server.url.removeprefix("http://").rstrip("/").split(":")
    connection.connect((host, int(port)))
    return connection


def status_of(server: Live, *, source: str = "127.0.0.1") -> bytes:
    with connected(server, source=source) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        return connection.recv(64).split()[1]


def dripped(connection: socket.socket, byte: bytes) -> bytes:
    """Send a byte every now and then until the connection is closed; the answer."""
    connection.settimeout(0.1)
    answered = b""
    while True:
        try:
            connection.send(byte)
            part = connection.recv(4_096)
        except TimeoutError:
            continue
        except ConnectionError:
            return answered
        if not part:
            return answered
        answered += part


def until_reset(server: Live, connection: socket.socket, again: bytes = b"") -> None:
    """Wait until the server has given a connection up, which nobody reads."""
    ours = connection.getsockname()
    while any(each.raddr == ours for each in server.process.net_connections("tcp")):
        if again:
            try:
                connection.send(again)
            except OSError:
                return
