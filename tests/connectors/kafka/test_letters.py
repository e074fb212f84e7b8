"""Letters read from JSON, chosen by filters, and the links between attempts."""

import json
from dataclasses import replace
from typing import Any

import pytest

from connectors.kafka.letters.filters import LetterFilter
from connectors.kafka.letters.handling import resent
from connectors.kafka.letters.headers import ATTEMPT, ORIGIN, attempt_of
from connectors.kafka.letters.headers import LETTER as LETTER_ID
from connectors.kafka.letters.letter import Letter, Spot, read_letter
from connectors.kafka.letters.log import Entry
from connectors.kafka.letters.marks import Mark, State, encode_mark, read_mark
from tidegauge.batch import Attempt

LETTER = Letter(
    id="ab12",
    at_ms=1_000,
    stamp_ms=900,
    kind="late",
    reason="5s Later than the watermark",
    detail={"event_time_ns": 1},
    topic="sales",
    partition=2,
    offset=7,
    text='{"shop": "north"}',
    encoding="utf-8",
    size=17,
)


class Told:
    """What `read_letter` and `read_mark` look at of a message."""

    def __init__(self, value: bytes | None) -> None:
        self._value = value

    def value(self) -> bytes | None:
        return self._value

    def timestamp(self) -> tuple[int, int]:
        return 1, 1_000


def entry(**changes: Any) -> Entry:
    return Entry(replace(LETTER, **changes), None, 1, "sales-2@7")


@pytest.mark.parametrize(
    "wanted",
    [
        LetterFilter(),
        LetterFilter(ids=("zz", "ab")),
        LetterFilter(kinds=frozenset({"late", "broken"})),
        LetterFilter(reason="later THAN"),
        LetterFilter(topics=frozenset({"sales"}), partitions=frozenset({2})),
        LetterFilter(since_ms=1_000, until_ms=1_001),
        LetterFilter(text="north"),
        LetterFilter(text="event_time_ns"),
    ],
)
def test_a_letter_that_meets_all_is_meant(wanted: LetterFilter) -> None:
    assert wanted(entry())


@pytest.mark.parametrize(
    "wanted",
    [
        LetterFilter(ids=("b1",)),
        LetterFilter(kinds=frozenset({"broken"})),
        LetterFilter(reason="earlier"),
        LetterFilter(topics=frozenset({"others"})),
        LetterFilter(partitions=frozenset({1}), kinds=frozenset({"late"})),
        LetterFilter(since_ms=1_001),
        LetterFilter(until_ms=1_000),
        LetterFilter(text="south"),
    ],
)
def test_a_letter_that_misses_something_is_not(wanted: LetterFilter) -> None:
    assert not wanted(entry())


def test_text_is_found_in_bytes_that_are_no_text() -> None:
    letter = entry(text="/2hl/w==", encoding="base64", size=4)
    assert letter.letter.payload == b"\xffhe\xff"
    assert LetterFilter(text="he")(letter)


@pytest.mark.parametrize(
    ("changes", "whole"),
    [
        ({}, True),
        ({"size": 18}, False),
        ({"size": None}, True),
        ({"encoding": "redacted"}, False),
        ({"text": None, "encoding": None, "size": None, "kind": "tombstone"}, True),
        ({"text": None, "encoding": "withheld"}, False),
        ({"kind": "too_many_keys"}, False),
        ({"kind": "late", "detail": {"window": "w", "events": 3}}, False),
    ],
)
def test_only_a_whole_payload_can_be_sent_from_a_letter(
    *, changes: dict[str, Any], whole: bool
) -> None:
    assert entry(**changes).letter.whole is whole


def test_letters_of_earlier_versions_are_read() -> None:
    old = {"kind": "broken", "reason": "r", "topic": "t", "partition": 0, "offset": 5}
    letter = read_letter(Told(json.dumps({**old, "payload": "x", "encoding": "utf-8"}).encode()))  # type: ignore[arg-type]  # what it looks at
    assert letter is not None
    assert (letter.spot, letter.whole, len(letter.id)) == (Spot("t", 0, 5), True, 32)


@pytest.mark.parametrize("value", [None, b"", b"[]", b"{}", b"\xff", b'{"kind": 1}'])
def test_what_is_no_letter_and_no_mark_is_passed_over(value: bytes | None) -> None:
    assert read_letter(Told(value)) is None  # type: ignore[arg-type]  # as above
    assert read_mark(Told(value)) is None  # type: ignore[arg-type]  # as above


def test_a_mark_comes_back_as_it_was() -> None:
    mark = Mark("ab", State.REDRIVEN, 5, 3, "sales-0@1", (Spot("sales", 0, 9),))
    assert read_mark(Told(encode_mark(mark))) == mark  # type: ignore[arg-type]  # as above


def test_the_key_is_the_messages_where_the_letter_holds_it() -> None:
    assert replace(LETTER, key_text="ü", key_encoding="utf-8").message_key == "ü".encode()
    assert replace(LETTER, key_text="/w==", key_encoding="base64").message_key == b"\xff"
    assert replace(LETTER, key_text="3f9c", key_encoding="redacted").message_key is None
    assert LETTER.message_key is None


def test_a_message_that_its_topic_has_lost_is_sent_from_the_letter_with_its_key() -> None:
    again = resent(entry(key_text="till 9", key_encoding="utf-8"), None, 3)
    assert (again.key, again.value, again.partition) == (b"till 9", b'{"shop": "north"}', 2)


def test_text_is_found_in_the_key() -> None:
    assert LetterFilter(text="till")(entry(key_text="till 9", key_encoding="utf-8"))
    assert LetterFilter(text="he")(entry(key_text="/2hl/w==", key_encoding="base64"))


def test_headers_of_a_redrive_tell_the_attempt() -> None:
    headers = [("trace", b"t"), (ORIGIN, b"my-sales-2@7"), (ATTEMPT, b"3"), (LETTER_ID, b"ab")]
    assert attempt_of(headers) == Attempt(3, "my-sales-2@7")


@pytest.mark.parametrize(
    ("origin", "attempt"),
    [
        (None, b"2"),
        (b"sales-2@7", None),
        (b"sales-2@7", b"1"),
        (b"sales-2@7", b"-2"),
        (b"sales-2@7", b"9" * 40),
        (b"sales-2@7", "²".encode()),
        (b"sales", b"2"),
        (b"sales-2@7\x1b[2J", b"2"),
        (b"s" * 5_000 + b"-2@7", b"2"),
        (b"\xff-2@7", b"2"),
    ],
)
def test_headers_that_no_redrive_writes_tell_nothing(
    origin: bytes | None, attempt: bytes | None
) -> None:
    assert attempt_of([(ORIGIN, origin), (ATTEMPT, attempt)]) is None
