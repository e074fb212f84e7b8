import base64
import json

import pytest

from operators.intake.dead_letters import (
    MOST_KEY_BYTES,
    NONE_REFUSED,
    Refused,
    dead_letter_frame,
    refuse,
)
from tests.operators.intake.stream import make_intake, make_plan, message, raw
from tidegauge.batch import Attempt, RawBatch, Unreadable
from tidegauge.catalogue import DEAD_LETTER_SIGNAL
from tidegauge.payloads import MOST_BYTES
from tidegauge.records import TIME_NS


def refused(offset: int, payload: bytes | None = b"x", appended_ms: int = 5) -> Refused:
    return Refused("broken", offset, "why", payload, appended_ms)


def test_the_columns_are_those_of_the_signal() -> None:
    columns = {column.name: column.type.dtype for column in DEAD_LETTER_SIGNAL.columns}
    assert dict(NONE_REFUSED.schema) == {TIME_NS: NONE_REFUSED.schema[TIME_NS]} | columns
    assert dead_letter_frame("t", 0, [refused(1)]).schema == NONE_REFUSED.schema
    assert dead_letter_frame("t", 0, []).equals(NONE_REFUSED)


def test_the_time_is_the_kafka_timestamp_made_unique_by_the_offset() -> None:
    frame = dead_letter_frame("t", 0, [refused(7), refused(8), refused(3_000_009)])
    assert frame[TIME_NS].to_list() == [5_000_007, 5_000_008, 5_000_009]


def test_a_message_without_a_timestamp_has_the_epoch() -> None:
    assert dead_letter_frame("t", 0, [refused(7, appended_ms=-1)])[TIME_NS].to_list() == [7]


def test_a_timestamp_that_nanoseconds_do_not_reach_is_the_last_they_do() -> None:
    (time_ns,) = dead_letter_frame("t", 0, [refused(7, appended_ms=2**62)])[TIME_NS]
    assert 2**63 - 2_000_000 < time_ns < 2**63


def test_text_is_kept_as_text_and_other_bytes_as_base64() -> None:
    payloads = ["ü€\0".encode(), b"\xff\x00", b"", None]
    frame = dead_letter_frame("t", 0, [refused(i, one) for i, one in enumerate(payloads)])
    assert frame["encoding"].to_list() == ["utf-8", "base64", "utf-8", None]
    assert frame["payload"].to_list() == ["ü€\0", "/wA=", "", None]
    assert base64.b64decode(frame["payload"][1]) == payloads[1]


def test_a_message_as_it_first_came_is_its_own_origin() -> None:
    frame = dead_letter_frame("t", 3, [refused(7)])
    assert frame.select("origin", "attempt").rows() == [("t-3@7", 1)]


def test_a_message_sent_again_tells_where_it_first_came_and_how_often() -> None:
    raw = RawBatch([b"x", b"y"], [7, 9], [5, 5], again={1: Attempt(3, "t-0@2")})
    frame = dead_letter_frame("t", 3, [refuse(raw, at, "broken", "why") for at in (0, 1)])
    assert frame.select("origin", "attempt").rows() == [("t-3@7", 1), ("t-0@2", 3)]


def test_a_letter_holds_the_key_of_its_message() -> None:
    keys = ["ü".encode(), b"\xff", None, b"k" * (MOST_KEY_BYTES + 1)]
    raw = RawBatch([b"x"] * 4, range(4), [5] * 4, keys)
    frame = dead_letter_frame("t", 0, [refuse(raw, at, "broken", "why") for at in range(4)])
    assert frame.select("key", "key_encoding").rows() == [
        ("ü", "utf-8"),
        ("/w==", "base64"),
        (None, None),
        (None, "withheld"),
    ]


@pytest.mark.parametrize(
    ("payload", "kept", "encoding"),
    [
        (b"x" * MOST_BYTES, b"x" * MOST_BYTES, "utf-8"),
        (b"x" * (MOST_BYTES + 1), b"x" * MOST_BYTES, "utf-8"),
        (b"x" * 10 * MOST_BYTES, b"x" * MOST_BYTES, "utf-8"),
        ("ü".encode() * MOST_BYTES, "ü".encode() * (MOST_BYTES // 2), "utf-8"),
        (b"x" + "ü".encode() * MOST_BYTES, b"x" + "ü".encode() * (MOST_BYTES // 2 - 1), "utf-8"),
        (b"x" + "😀".encode() * MOST_BYTES, b"x" + "😀".encode() * (MOST_BYTES // 4 - 1), "utf-8"),
        (b"\xff" * MOST_BYTES, b"\xff" * MOST_BYTES, "base64"),
        (b"\xff" * (MOST_BYTES + 1), b"\xff" * MOST_BYTES, "base64"),
        (b"x" * MOST_BYTES + b"\xff", b"x" * MOST_BYTES, "base64"),
    ],
    ids=range(9),
)
def test_a_payload_is_cut_to_its_bound_and_its_size_tells_of_the_whole(
    payload: bytes, kept: bytes, encoding: str
) -> None:
    """Between two characters, and not within one."""
    frame = dead_letter_frame("t", 0, [refused(1, payload)])
    ((text, told, size),) = frame.select("payload", "encoding", "size").rows()
    assert (told, size) == (encoding, len(payload))
    assert (base64.b64decode(text) if told == "base64" else text.encode()) == kept


def test_the_largest_payload_is_a_message_that_every_broker_takes() -> None:
    """Whatever it is made of: JSON writes a control character as six."""
    for payload in (b"\x00" * 10**6, b"\xff" * 10**6, "\u2028".encode() * 10**6):
        frame = dead_letter_frame("t", 0, [refused(1, payload)])
        assert len(json.dumps(frame.rows(named=True)[0])) < 1_000_000


def test_a_key_is_whole_or_left_out() -> None:
    raw = RawBatch([b"x"], [1], [5], [b"k" * MOST_KEY_BYTES])
    frame = dead_letter_frame("t", 0, [refuse(raw, 0, "broken", "why")])
    assert frame["key"].to_list() == ["k" * MOST_KEY_BYTES]


def test_messages_that_cannot_be_read_are_one_letter_at_a_time_that_every_run_gives_it() -> None:
    intake = make_intake(make_plan())
    intake.take(raw([message(ts=5_000, v=1.0)]))
    what = Unreadable(9, "no")
    letters = [
        intake.take(RawBatch([None], [1], [clock_ms], [None], unreadable=what)).dead_letters
        for clock_ms in (7, 8)
    ]
    assert letters[0].rows() == letters[1].rows()
    (row,) = letters[0].rows(named=True)
    assert (row["kind"], row["offset"], row["time_ns"]) == ("unreadable", 1, 5_000_000_001)
    assert row["reason"] == "offsets 1 to 8 cannot be read: no"
    assert row["detail"] == '{"offsets": [1, 8]}'
    assert row["payload"] is None


def test_one_about_a_batch_before_any_event_has_the_time_of_the_journal() -> None:
    what, begun = Unreadable(100_005, "no"), {1: 7}
    letters = [
        make_intake(make_plan())
        .take(RawBatch([None], [100_000], [clock_ms], [None], unreadable=what, begun_ms=begun))
        .dead_letters
        for clock_ms in (20, 30)
    ]
    assert [one["time_ns"].to_list() for one in letters] == [[7_100_000]] * 2
