"""Messages, texts and keys have a largest size in bytes; what is larger is a dead letter."""

import base64
import json
from typing import Any

import polars as pl
import pytest

from connectors.codecs.dead_letters_json import dead_letter_messages
from connectors.codecs.json_columns import JsonColumns
from operators.intake.dead_letters import dead_letter_frame, refuse
from operators.intake.plan import IntakePlan, plan_intake
from tests.operators.intake.stream import EVENT_TIME, make_intake, make_plan, message, raw, take
from tidegauge.batch import RawBatch
from tidegauge.catalogue import DEAD_LETTERS, held_columns
from tidegauge.payloads import MOST_DETAIL, MOST_REASON, letter_detail
from tidegauge.records import RecordBatch
from tidegauge.spec.models import Pipeline, Source

KAFKAS_USUAL_LARGEST = 1_048_588
"""A topic's `max.message.bytes` unless it is configured."""


def keyed_plan(**source: Any) -> IntakePlan:
    """A plan of a source with the key `k`."""
    fields = {"v": {"type": "float"}, "k": {"type": "string"}, "text": {"type": "string"}}
    spec = {"kafka": {"topic": "t"}, "event_time": EVENT_TIME, "fields": fields, **source}
    return plan_intake("s", Source.model_validate(spec), JsonColumns, held={"k", "made"})


def letters(plan: IntakePlan, *payloads: bytes | None) -> list[tuple[int, str, str]]:
    dead = take(plan, *payloads).dead_letters
    return dead.select("offset", "kind", "reason").rows()


def test_a_text_as_large_as_allowed_is_taken_and_one_byte_more_is_a_letter() -> None:
    plan = keyed_plan(limits={"text_bytes": 6, "key_bytes": 4})
    sizes = [("kkkk", "tttttt"), ("ßß", "ßßß"), ("kkkkk", "t"), ("ßßß", "t"), ("k", "ßßßß")]
    batch = take(plan, *(message(ts=1_000, k=key, text=text) for key, text in sizes))
    assert batch.on_time.select("k", "text").rows() == sizes[:2]
    assert batch.dead_letters.select("offset", "kind", "reason").rows() == [
        (2, "too_large", "k has 5 bytes, allowed are 4 (sources.s.limits.key_bytes)"),
        (3, "too_large", "k has 6 bytes, allowed are 4 (sources.s.limits.key_bytes)"),
        (4, "too_large", "text has 8 bytes, allowed are 6 (sources.s.limits.text_bytes)"),
    ]
    assert batch.counts.dead_lettered == 3


def test_keys_of_a_kilobyte_and_texts_of_64_are_taken_unless_the_file_says_otherwise() -> None:
    plan = keyed_plan()
    good = message(ts=1_000, k="k" * 1_024, text="t" * 65_536)
    too_long = [message(ts=1_000, k="k" * 1_025), message(ts=1_000, text="t" * 65_537)]
    assert [offset for offset, _, _ in letters(plan, good, *too_long)] == [1, 2]


def test_a_message_that_is_too_large_is_refused_without_being_read() -> None:
    plan = keyed_plan(limits={"message_bytes": 100})
    large = b'{"ts": 1000, "k": "' + b"x" * 100
    assert letters(plan, message(ts=1_000), None, large, b"{") == [
        (1, "tombstone", "a message without a value"),
        (
            2,
            "too_large",
            "the message has 119 bytes, allowed are 100 (sources.s.limits.message_bytes)",
        ),
        (3, "broken", "JSON is malformed: it ends too early"),
    ]


@pytest.mark.parametrize("largest", [None, 100, 119, 10_000])
def test_what_the_reader_knows_of_sizes_changes_nothing(largest: int | None) -> None:
    payloads: list[bytes | None] = [message(ts=1_000), b"x" * 119]
    known = largest if largest is None or largest >= 119 else None
    given = RawBatch(payloads, range(2), [2_000] * 2, largest=known)
    batch = make_intake(keyed_plan(limits={"message_bytes": 100})).take(given)
    assert batch.dead_letters["kind"].to_list() == ["too_large"]


def test_texts_that_are_made_of_short_ones_are_looked_at_too() -> None:
    plan = keyed_plan(derive={"made": "k || k"}, limits={"key_bytes": 6})
    batch = take(plan, message(ts=1_000, k="abc"), message(ts=1_000, k="abcd"))
    assert batch.on_time["made"].to_list() == ["abcabc"]
    assert batch.dead_letters["reason"].to_list() == [
        "made has 8 bytes, allowed are 6 (sources.s.limits.key_bytes)"
    ]


def lengthen(frame: pl.DataFrame) -> pl.DataFrame:
    """Ten times as much text, in a field and in a new column."""
    longer = pl.col("text").repeat_by(10).list.join("")
    return frame.with_columns(longer, longer.alias("added"))


def test_texts_that_a_function_makes_are_looked_at_too() -> None:
    process = {"function": f"{__name__}:lengthen", "adds": {"added": "string"}}
    plan = keyed_plan(process=process, limits={"text_bytes": 20})
    found = letters(plan, message(ts=1_000, text="ab"), message(ts=1_000, text="abc"))
    assert found == [
        (1, "too_large", "text has 30 bytes, allowed are 20 (sources.s.limits.text_bytes)")
    ]


def test_what_is_too_large_does_not_move_the_watermark() -> None:
    intake = make_intake(keyed_plan(limits={"text_bytes": 3}))
    before = intake.take(raw([message(ts=1_000)])).progress.watermark_ns
    after = intake.take(raw([message(ts=9_000, text="long")], offset=1)).progress.watermark_ns
    assert after == before


def test_of_a_sensitive_key_the_hash_is_held_so_only_the_limit_of_texts_counts() -> None:
    spec = Source.model_validate(
        {
            "kafka": {"topic": "t"},
            "event_time": EVENT_TIME,
            "fields": {"k": {"type": "string", "sensitive": True}},
            "limits": {"key_bytes": 4, "text_bytes": 8},
        }
    )
    plan = plan_intake("s", spec, JsonColumns, held={"k"}, hash_text=str)
    assert letters(plan, message(ts=1_000, k="k" * 8), message(ts=1_000, k="k" * 9)) == [
        (1, "too_large", "k has 9 bytes, allowed are 8 (sources.s.limits.text_bytes)")
    ]


def test_keys_are_those_of_windows_patterns_and_anomalies_and_what_top_counts() -> None:
    fields = {name: {"type": "string"} for name in ("a", "b", "c", "d", "e")}
    source = {"kafka": {"topic": "t"}, "event_time": EVENT_TIME, "fields": {**fields, "v": {}}}
    pipeline = Pipeline.model_validate(
        {
            "version": 1,
            "pipeline": "p",
            "sources": {"s": source, "other": source},
            "windows": {
                "w": {
                    "from": "s",
                    "tumbling": {"size": "1s"},
                    "by": ["a"],
                    "select": {"often": "top(b, 3)", "last": "last(e)"},
                }
            },
            "patterns": {"p": {"from": "s", "by": ["c"], "match": "x"}},
            "anomalies": {"n": {"on": "s.v", "by": ["d"]}},
        }
    )
    assert held_columns(pipeline, "s") == {"a", "b", "c", "d"}
    assert held_columns(pipeline, "other") == frozenset()


@pytest.mark.parametrize(
    "hostile", [b"\x01", b'"', "\u0085".encode(), "😀".encode(), b"\xff", b"x", b"\\"]
)
def test_every_letter_fits_a_topic_whatever_its_message_holds(hostile: bytes) -> None:
    payload, key = hostile * (900_000 // len(hostile)), hostile * (4_096 // len(hostile))
    given = RawBatch([payload], range(1), [5], [key])
    reason = "\x01" * 900_000
    detail = letter_detail(
        {"key": {f"k{i}": hostile.decode(errors="replace") * 60_000 for i in range(9)}}
    )
    frame = dead_letter_frame("t" * 249, 0, [refuse(given, 0, "broken", reason, detail)])
    (sent,) = dead_letter_messages(RecordBatch(DEAD_LETTERS, frame), "letters")
    assert len(sent.value) + len(sent.key) < KAFKAS_USUAL_LARGEST - 1_000
    told = json.loads(sent.value)
    assert len(told["reason"]) == MOST_REASON
    assert json.loads(told["detail"])["key"]
    held = (
        base64.b64decode(told["payload"])
        if told["encoding"] == "base64"
        else told["payload"].encode()
    )
    assert payload.startswith(held)
    assert told["size"] == len(payload)


def test_a_detail_is_whole_as_long_as_it_is_short() -> None:
    about = {"key": {"k": "x" * 1_024}, "offsets": (1, 2), "events": 3}
    assert letter_detail(about) == json.dumps(about)
    assert (
        len(letter_detail({"key": dict.fromkeys(map(str, range(100)), "x" * 1_024)})) <= MOST_DETAIL
    )


def test_a_quoted_value_does_not_make_a_letter_too_large() -> None:
    plan = make_plan(event_time={"format": "iso8601"})
    (letter,) = letters(plan, message(ts="1" * 60_000))
    assert letter[1] == "no_event_time"
    assert letter[2].startswith("no event time: ts is '111")
    assert len(letter[2]) == MOST_REASON
