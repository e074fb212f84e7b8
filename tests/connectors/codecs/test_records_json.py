"""Records as JSON: complete, typed, with an id that tells the same record again."""

import json
import math
from dataclasses import replace

import orjson
import polars as pl
import pytest
import xxhash
from hypothesis import given
from hypothesis import strategies as st

from connectors.codecs.records_json import RecordJson
from tests.connectors.samples import SIGNAL, batch, record, records
from tidegauge.catalogue import ALERT_FIELDS, FORECAST_FIELDS
from tidegauge.fieldtypes import FieldType
from tidegauge.records import TIME_NS, RecordBatch
from tidegauge.signals import Column, Signal, SignalKind

ENCODER = RecordJson(SIGNAL, "payments", {"site": "north"})
ALERTS = Signal(
    "alerts",
    SignalKind.ALERT,
    "alerts",
    (Column("alert", FieldType.STRING), Column("level", FieldType.INT)),
    ALERT_FIELDS,
)


def decoded(*rows: dict[str, object]) -> list[dict[str, object]]:
    return [json.loads(message.value) for message in ENCODER.messages(batch(*rows), "topic")]


def id_of(**changes: object) -> object:
    return decoded(record(**changes))[0]["id"]


def alert_id(**changes: object) -> object:
    row = {"time_ns": 1, "alert": "slow", "level": 8, "id": "a1", "state": "firing", **changes}
    encoder = RecordJson(ALERTS, "payments", {})
    (message,) = encoder.messages(RecordBatch("alerts", pl.DataFrame([row])), "topic")
    return json.loads(message.value)["id"]


def test_a_record_is_one_object_with_everything_in_it() -> None:
    (message,) = ENCODER.messages(batch(record()), "topic")
    assert message.topic == "topic"
    assert message.headers is None
    assert json.loads(message.value) == {
        "id": id_of(),
        "pipeline": "payments",
        "kind": "window",
        "signal": "spend",
        "time_ns": 1_790_000_000_000_000_000,
        "tags": {"site": "north", "region": "eu", "shop": 7},
        "fields": {
            "amount": 1.0,
            "count": 3,
            "failed": False,
            "note": "fine",
            "start_ns": 1_789_999_999_999_999_990,
        },
    }


def test_what_is_null_is_there_as_null() -> None:
    (found,) = decoded({"time_ns": 1})
    assert found["tags"] == {"site": "north", "region": None, "shop": None}
    assert found["fields"] == dict.fromkeys(["amount", "count", "failed", "note", "start_ns"])


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_not_finite_is_null(value: float) -> None:
    (found,) = decoded(record(amount=value))
    assert found["fields"]["amount"] is None  # type: ignore[index]  # an object in JSON


def test_the_key_is_the_series() -> None:
    rows = record(), record(region=None, shop=None)
    keys = [message.key for message in ENCODER.messages(batch(*rows), "topic")]
    assert keys == [b"spend,region=eu,shop=7", b"spend"]


def test_the_id_is_the_hash_of_the_identity_as_the_docstring_says() -> None:
    identity = {
        "pipeline": "payments",
        "signal": "spend",
        "tags": {"region": "eu", "shop": 7},
        "start_ns": 1_789_999_999_999_999_990,
        "time_ns": 1_790_000_000_000_000_000,
    }
    assert id_of() == xxhash.xxh3_128_hexdigest(orjson.dumps(identity))


def test_the_id_of_a_corrected_record_is_that_of_the_first() -> None:
    assert id_of(count=4, note=None) == id_of()


@pytest.mark.parametrize(
    "changes", [{"region": None}, {"region": ""}, {"shop": 8}, {"time_ns": 1}, {"start_ns": 1}]
)
def test_another_identity_is_another_id(changes: dict[str, object]) -> None:
    assert id_of(**changes) != id_of()


def test_the_order_of_the_tags_does_not_change_the_id() -> None:
    turned = RecordJson(replace(SIGNAL, tags=SIGNAL.tags[::-1]), "payments", {})
    (message,) = turned.messages(batch(record()), "topic")
    assert json.loads(message.value)["id"] == id_of()


def test_an_alert_is_known_by_its_firing_and_state() -> None:
    assert alert_id(time_ns=2, value=5.0) == alert_id()
    assert len({alert_id(), alert_id(state="resolved"), alert_id(id="a2")}) == 3


def test_a_signal_without_tags_has_an_empty_object() -> None:
    encoder = RecordJson(replace(SIGNAL, tags=()), "payments", {})
    messages = encoder.messages(batch(record(), record(time_ns=1)), "topic")
    assert [json.loads(message.value)["tags"] for message in messages] == [{}, {}]
    assert [message.key for message in messages] == [b"spend", b"spend"]


def test_a_tag_of_the_signal_goes_before_a_label_of_the_same_name() -> None:
    encoder = RecordJson(SIGNAL, "payments", {"region": "all"})
    (message,) = encoder.messages(batch(record()), "topic")
    assert json.loads(message.value)["tags"] == {"region": "eu", "shop": 7}


def test_no_records_make_no_messages() -> None:
    assert ENCODER.messages(batch(), "topic") == []


def test_columns_that_the_signal_does_not_declare_are_left_out() -> None:
    frame = batch(record()).frame.with_columns(changed=True)
    assert ENCODER.messages(RecordBatch("spend", frame), "t") == ENCODER.messages(
        batch(record()), "t"
    )


@given(st.lists(records, max_size=5))
def test_every_value_comes_back(rows: list[dict[str, object]]) -> None:
    found = decoded(*rows)
    assert [record["time_ns"] for record in found] == [row["time_ns"] for row in rows]
    assert [record["tags"] for record in found] == [
        {"site": "north", "region": row["region"], "shop": row["shop"]} for row in rows
    ]
    assert [record["fields"] for record in found] == [
        {field.name: _finite(row[field.name]) for field in SIGNAL.fields} for row in rows
    ]


def _finite(value: object) -> object:
    return None if isinstance(value, float) and not math.isfinite(value) else value


@given(records)
def test_the_id_can_be_computed_elsewhere_whatever_the_tags_are(row: dict[str, object]) -> None:
    identity = {
        "pipeline": "payments",
        "signal": "spend",
        "tags": {"region": row["region"], "shop": row["shop"]},
        "start_ns": row["start_ns"],
        "time_ns": row["time_ns"],
    }
    assert decoded(row)[0]["id"] == xxhash.xxh3_128_hexdigest(orjson.dumps(identity))


def test_a_newer_forecast_of_a_time_is_the_same_record_and_another_message() -> None:
    """What was committed before is left out when it is made again, but not what is newer."""
    signal = Signal("ahead", SignalKind.FORECAST, "forecasts", (), FORECAST_FIELDS)
    records = pl.DataFrame(
        {TIME_NS: [9, 9], "field": "spend.amount", "expected": 1.0, "made_at_ns": [3, 6]}
    )
    messages = RecordJson(signal, "shop", {}).messages(RecordBatch("ahead", records), "out")
    older, newer = (json.loads(message.value or b"") for message in messages)
    assert older["id"] == newer["id"]
    assert messages[0].identity != messages[1].identity
