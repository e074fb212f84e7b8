"""Lines that InfluxDB refuses, and every other answer that it can give, without a server of it."""

import json
import math
from datetime import UTC, datetime
from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.influxdb.faults import pause_s
from connectors.influxdb.writer import LineWriter, WriteLimits
from tests.connectors.influxdb.judging import (
    Judging,
    Refuses,
    counting,
    mute,
    naming,
    quoting,
    serving,
    strange,
)
from tidegauge.errors import Retry, Stop, Throttle

LINES = [f"m f={number} {number}" for number in range(20)]
REFUSALS = [quoting, counting, naming, mute, strange]
CONFLICT = (
    'field type conflict: input field "bad" on measurement "m" is type float, already exists as'
    " type integer"
)
KEEPING = {counting, naming}


def bad(line: str) -> bool:
    return "bad=" in line


def with_bad(places: set[int]) -> list[str]:
    """Twenty lines, of which those at some places are refused."""
    return [f"m bad={n} {n}" if n in places else line for n, line in enumerate(LINES)]


def write(server: Judging, texts: list[str], **limits: float) -> list[tuple[bytes, str]]:
    """Write lines; those that are refused, and why."""
    refused: list[tuple[bytes, str]] = []
    quick = {"retry_for_s": 5, "longest_pause_s": 0.01, **limits}
    writer = LineWriter(
        server.settings(),
        "b",
        lambda line, reason: refused.append((line, reason)),
        WriteLimits(**quick),  # type: ignore[arg-type]  # one is an int
    )
    try:
        writer.write(texts)
    finally:
        writer.close()
    return refused


@pytest.mark.parametrize("refuses", REFUSALS)
@pytest.mark.parametrize("places", [{0}, {19}, {7}, {3, 4, 12}, set(range(20)), set()], ids=str)
def test_a_refused_line_is_told_once_and_the_others_are_stored(
    refuses: Refuses, places: set[int]
) -> None:
    server = Judging(bad, refuses, keeps_others=refuses in KEEPING)
    lines = with_bad(places)
    with serving(server):
        refused = write(server, lines)
    assert sorted(line.decode() for line, _ in refused) == sorted(filter(bad, lines))
    assert server.stored == {line for line in lines if not bad(line)}


@pytest.mark.parametrize("refuses", REFUSALS)
def test_one_refused_line_alone_is_asked_for_once(refuses: Refuses) -> None:
    server = Judging(bad, refuses, keeps_others=refuses in KEEPING)
    with serving(server):
        ((line, reason),) = write(server, ["m bad=1 1"])
    assert (line, server.requests) == (b"m bad=1 1", [["m bad=1 1"]])
    assert "\n" not in reason


@settings(max_examples=25, deadline=None)
@given(st.sets(st.integers(0, 19)), st.sampled_from(REFUSALS), st.integers(1, 20))
def test_whatever_is_refused_how_many_requests_there_are_is_bounded(
    places: set[int], refuses: Refuses, most: int
) -> None:
    server = Judging(bad, refuses, keeps_others=refuses in KEEPING, most_lines=most)
    lines = with_bad(places)
    with serving(server):
        refused = write(server, lines, lines=7)
    assert sorted(line.decode() for line, _ in refused) == sorted(filter(bad, lines))
    assert server.stored == {line for line in lines if not bad(line)}
    halvings = math.ceil(math.log2(len(lines))) + 1
    assert len(server.requests) <= 2 * len(lines) + 2 * halvings


def test_the_lines_that_a_message_names_are_not_looked_for() -> None:
    lines = with_bad({3, 4, 12})
    with serving(Judging(bad, quoting)) as server:
        refused = write(server, lines)
    assert {reason for _, reason in refused} == {"missing fields"}
    assert server.requests == [lines, [line for line in lines if not bad(line)]]


def test_lines_with_the_field_that_a_message_names_are_tried_first() -> None:
    lines = with_bad({3, 4, 12})
    with serving(Judging(bad, naming, keeps_others=True)) as server:
        refused = write(server, lines)
    suspects = [line for line in lines if bad(line)]
    assert server.requests[1] == [line for line in lines if not bad(line)]
    assert server.requests[2] == suspects
    # All of them were left out: nothing remains to be looked for.
    assert len(server.requests) == 3
    ((reason, *others),) = [{reason for _, reason in refused}]
    assert (reason, others) == (CONFLICT, [])


def test_where_no_line_was_left_out_nothing_is_refused() -> None:
    body = json.dumps({"message": "partial write: no matter dropped=0"}).encode()
    with serving(Judging(first=[(422, {}, body)])) as server:
        assert write(server, LINES) == []
    assert server.requests == [LINES]


@pytest.mark.parametrize("status", [500, 502, 504, 599])
@pytest.mark.parametrize(
    "body",
    [b"", b"<html>Bad gateway</html>", b"\xff\xfe\x80 no UTF-8", b"[1]", b'{"message": 1}', b"{"],
)
def test_a_fault_of_the_server_is_tried_again_whatever_its_body_is(
    status: int, body: bytes
) -> None:
    with serving(Judging(first=[(status, {}, body)] * 2)) as server:
        assert write(server, LINES) == []
    assert server.stored == set(LINES)
    assert len(server.requests) == 3


def test_a_fault_that_stays_is_one_line_with_what_can_be_read_of_its_body() -> None:
    answers: list[tuple[int, dict[str, str], bytes]] = [
        (502, {}, b"\xff broken\n gateway \x80")
    ] * 150
    with serving(Judging(first=list(answers))) as server, pytest.raises(Retry) as error:
        write(server, LINES, retry_for_s=0.2)
    told = str(error.value)
    assert told == "InfluxDB failed with status 502: \ufffd broken gateway \ufffd"
    assert server.stored == set()


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (401, "does not let this token write into bucket 'b': why"),
        (403, "does not let this token write into bucket 'b': why"),
        (404, "cannot find where to write: why"),
        (405, "answered a write with status 405: why"),
        (418, "answered a write with status 418: why"),
    ],
)
def test_what_a_person_must_put_right_ends_the_flow_at_once(status: int, told: str) -> None:
    body = json.dumps({"message": "why"}).encode()
    with serving(Judging(first=[(status, {}, body)] * 9)) as server, pytest.raises(Stop) as error:
        write(server, LINES)
    assert str(error.value) == f"InfluxDB {told}"
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("pause", ["0", "0.01", "-5"])
def test_a_pause_that_is_asked_for_is_made(status: int, pause: str) -> None:
    with serving(Judging(first=[(status, {"Retry-After": pause}, b"")] * 2)) as server:
        assert write(server, LINES) == []
    assert len(server.requests) == 3


@pytest.mark.parametrize(("pause", "after_s"), [("soon", 1.0), (None, 1.0), ("600", 600.0)])
def test_a_pause_longer_than_is_tried_is_told_with_its_length(
    pause: str | None, after_s: float
) -> None:
    headers = {} if pause is None else {"Retry-After": pause}
    server = Judging(first=[(503, headers, b"busy")] * 9)
    with serving(server), pytest.raises(Throttle, match="asks for a pause: busy") as error:
        write(server, LINES, retry_for_s=0.5)
    assert (error.value.after_s, len(server.requests)) == (after_s, 1)


NOW = datetime(2026, 5, 1, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        *(("3", 3.0), (" 2.5 ", 2.5), ("0", 0.0), ("1" + "0" * 400, inf)),
        ("Fri, 01 May 2026 12:00:30 GMT", 30.0),
        ("Fri, 01 May 2026 11:00:00 GMT", 0.0),
        *((wrong, 1.0) for wrong in ("nan", "inf", "-inf", "-1", "1e3", "1_0", "１", "", "soon")),
        *((wrong, 1.0) for wrong in ("0x10", "1,5", "Fri, 01 May 2026 12:00:30", "9999-99-99")),
    ],
)
def test_a_pause_is_what_http_knows_as_one(asked: str, seconds: float) -> None:
    assert pause_s(asked, NOW) == seconds


@pytest.mark.parametrize("pause", ["nan", "inf", "-inf"])
def test_a_pause_that_is_no_number_does_not_end_the_flow(pause: str) -> None:
    with serving(Judging(first=[(503, {"Retry-After": pause}, b"")])) as server:
        assert write(server, LINES) == []
    assert len(server.requests) == 2


def test_a_request_that_is_too_large_is_divided_until_it_fits() -> None:
    with serving(Judging(most_lines=3)) as server:
        assert write(server, LINES) == []
    assert server.stored == set(LINES)
    taken = [one for one in server.requests if len(one) <= 3]
    assert sum(map(len, taken)) == len(LINES)


def test_a_single_line_that_is_too_large_is_refused() -> None:
    with serving(Judging(most_lines=0)) as server:
        refused = write(server, LINES[:2])
    assert [line.decode() for line, _ in refused] == LINES[:2]
