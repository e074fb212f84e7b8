"""Dead letters and events as JSON: they tell where they came from."""

import json

import polars as pl

from connectors.codecs.dead_letters_json import dead_letter_messages
from connectors.codecs.events_json import EventJson
from tests.connectors.samples import FLOAT, STRING
from tidegauge.records import RecordBatch
from tidegauge.signals import Column, Signal, SignalKind

LETTER = {
    "time_ns": 1,
    "kind": "broken",
    "topic": "payments",
    "partition": 3,
    "offset": 41,
    "origin": "payments-0@17",
    "attempt": 2,
    "reason": 'not JSON: "é"\n',
    "detail": None,
    "payload": "a\x00b",
    "encoding": "utf-8",
    "size": 3,
    "key": "c",
    "key_encoding": "utf-8",
}
_WHOLE = {"time_ns", "partition", "offset", "attempt", "size"}
LETTERS_SCHEMA = {name: pl.Int64 if name in _WHOLE else pl.String for name in LETTER}
EVENTS = Signal(
    "events.payments",
    SignalKind.EVENT,
    "events_payments",
    (),
    (Column("card", STRING), Column("amount", FLOAT)),
)
ORIGIN = {"_topic": "payments", "_partition": 3, "_offset": 41, "_appended_ms": 1_000}


def letters(*rows: dict[str, object]) -> RecordBatch:
    return RecordBatch("dead_letters", pl.DataFrame(list(rows), schema=LETTERS_SCHEMA))


def test_a_dead_letter_holds_payload_origin_and_reason() -> None:
    (message,) = dead_letter_messages(letters(LETTER), "dead")
    assert json.loads(message.value) == LETTER | {"id": message.identity.hex()}
    assert list(json.loads(message.value))[:4] == ["id", "time_ns", "kind", "reason"]


def test_a_tombstone_has_no_payload() -> None:
    tombstone = LETTER | {"kind": "tombstone", "payload": None, "encoding": None}
    (message,) = dead_letter_messages(letters(tombstone), "dead")
    assert json.loads(message.value)["payload"] is None


def test_dead_letters_of_a_partition_have_the_same_key() -> None:
    messages = dead_letter_messages(letters(LETTER, LETTER | {"offset": 42}), "dead")
    assert [message.key for message in messages] == [b"payments-3", b"payments-3"]


def test_no_dead_letters_make_no_messages() -> None:
    assert dead_letter_messages(letters(), "dead") == []


def test_an_event_holds_its_fields_and_its_headers_the_origin() -> None:
    frame = pl.DataFrame([{"time_ns": 5, **ORIGIN, "card": "é", "amount": 1.0}])
    (message,) = EventJson(EVENTS).messages(RecordBatch("events.payments", frame), "out")
    assert json.loads(message.value) == {"card": "é", "amount": 1.0}
    assert message.key == b"payments-3"
    assert message.headers == [
        ("topic", b"payments"),
        ("partition", b"3"),
        ("offset", b"41"),
        ("timestamp", b"1000"),
        ("time_ns", b"5"),
    ]


def test_an_event_without_fields_is_an_empty_object() -> None:
    bare = Signal("events.payments", SignalKind.EVENT, "events_payments", (), ())
    frame = pl.DataFrame([{"time_ns": 5, **ORIGIN}, {"time_ns": 6, **ORIGIN}])
    messages = EventJson(bare).messages(RecordBatch("events.payments", frame), "out")
    assert [message.value for message in messages] == [b"{}", b"{}"]


def test_no_events_make_no_messages() -> None:
    frame = pl.DataFrame([{"time_ns": 5, **ORIGIN, "card": "é", "amount": 1.0}]).clear()
    assert EventJson(EVENTS).messages(RecordBatch("events.payments", frame), "out") == []
