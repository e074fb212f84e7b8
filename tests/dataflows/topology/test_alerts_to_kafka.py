"""What the two topics and the alerts measurement get of a machine that gets hot."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import xxhash
from confluent_kafka import Message

from benchmarks.private_copy import private_copy
from tests.dataflows.heat import (
    BASE_MS,
    HEATS,
    PIPELINE,
    Run,
    readings,
    run_over,
    since_start_s,
    value_of,
)
from tests.services.influxdb import InfluxDB
from tests.services.kafka import Kafka


@pytest.fixture(scope="module")
def run(
    tmp_path_factory: pytest.TempPathFactory, kafka: Kafka, influxdb: InfluxDB
) -> Iterator[Run]:
    """A run without processed events."""
    folder = tmp_path_factory.mktemp("heat")
    file = folder / "heat.yaml"
    file.write_text(PIPELINE.replace("EVENTS", "false"))
    with private_copy(file, folder, kafka, influxdb) as copy:
        yield run_over(copy, [json.dumps(reading).encode() for reading in readings()])


@pytest.fixture(scope="module")
def run_with_events(tmp_path_factory: pytest.TempPathFactory, kafka: Kafka) -> Iterator[Run]:
    """A run that sends processed events; between them what is none, and a correction at the end."""
    folder = tmp_path_factory.mktemp("heat")
    file = folder / "heat.yaml"
    file.write_text(PIPELINE.replace("EVENTS", "true"))
    late = {"ts": BASE_MS + 141_000, "machine": "m", "heat": None}
    lines = [json.dumps(reading).encode() for reading in [*readings(), late]]
    lines.insert(3, b"no JSON")
    with private_copy(file, folder, kafka, None) as copy:
        yield run_over(copy, lines)


def times(records: list[dict[str, Any]], alert: str) -> list[tuple[str, int]]:
    """State and seconds of an alert's messages."""
    return [
        (record["fields"]["state"], since_start_s(record))
        for record in records
        if record["tags"]["alert"] == alert
    ]


def headers_of(message: Message) -> dict[str, str]:
    """Headers as texts."""
    headers: Any = message.headers()  # its declared type is wider than what comes
    return {name: value.decode() for name, value in headers}


def test_an_alert_of_level_8_is_announced_when_it_fires_and_when_it_is_resolved(run: Run) -> None:
    assert times(run.critical, "eight") == [("firing", 120), ("resolved", 150)]


def test_alerts_of_level_7_and_below_are_not_announced(run: Run) -> None:
    assert {record["tags"]["alert"] for record in run.critical} == {"eight", "event_level"}
    stored = {(record["alert"], record["level"]) for record in run.alerts}
    assert stored >= {("seven", "7"), ("odd", "6")}


def test_an_event_says_itself_how_urgent_it_is(run: Run) -> None:
    announced = [record for record in run.critical if record["tags"]["alert"] == "event_level"]
    assert sorted(record["tags"]["level"] for record in announced) == [8, 10]
    assert {record["tags"]["machine"] for record in announced} == {"n"}
    assert {record["fields"]["state"] for record in announced} == {"firing"}


def test_the_life_of_an_alert_can_be_followed_in_the_store(run: Run) -> None:
    of_eight = [record for record in run.alerts if record["alert"] == "eight"]
    states = [(since_start_s(record), record["state"], record["active"]) for record in of_eight]
    assert states == [
        (110, "pending", 0),
        (120, "firing", 1),
        (130, "firing", 1),
        (140, "firing", 1),
        (150, "resolved", 0),
    ]
    assert {record["machine"] for record in of_eight} == {"m"}
    assert len({record["id"] for record in of_eight}) == 1
    assert of_eight[1]["summary"] == "m has 60"


def test_an_announced_alert_is_the_stored_one(run: Run) -> None:
    fired = next(record for record in run.critical if record["tags"]["alert"] == "eight")
    stored = next(
        record for record in run.alerts if record["alert"] == "eight" and record["active"]
    )
    assert fired["time_ns"] == stored["time_ns"]
    for name in ("id", "state", "active", "value", "summary", "since_ns"):
        assert fired["fields"][name] == stored[name]


def test_every_window_row_is_in_the_analytics_topic(run: Run) -> None:
    found = [(record["tags"]["machine"], since_start_s(record)) for record in run.records("window")]
    ends = [10 * (number + 1) for number in range(len(HEATS))]
    assert sorted(found) == sorted((machine, end) for machine in "mn" for end in ends)


def test_anomalies_are_in_the_analytics_topic(run: Run) -> None:
    found = run.records("anomaly")
    assert [since_start_s(record) for record in found] == [110, 120, 130, 140]
    for record in found:
        assert record["tags"] == {"site": "north", "anomaly": "odd_heat", "machine": "m"}
        assert record["fields"]["direction"] == "up"


def test_nothing_but_records_is_sent_unless_the_pipeline_asks(run: Run) -> None:
    kinds = {value_of(message).get("kind") for message in run.analytics}
    assert kinds == {"window", "anomaly"}


def test_a_message_has_the_documented_shape(run: Run) -> None:
    first = next(m for m in run.analytics if value_of(m)["tags"].get("machine") == "m")
    record = value_of(first)
    start_ns, end_ns = BASE_MS * 10**6, (BASE_MS + 10_000) * 10**6
    fields = record.pop("fields")
    pipeline = run.copy.pipeline.pipeline
    identity = {
        "pipeline": pipeline,
        "signal": "warmth",
        "tags": {"machine": "m"},
        "start_ns": start_ns,
        "time_ns": end_ns,
    }
    compact = json.dumps(identity, separators=(",", ":")).encode()
    assert record == {
        "id": xxhash.xxh3_128_hexdigest(compact),
        "pipeline": pipeline,
        "kind": "window",
        "signal": "warmth",
        "time_ns": end_ns,
        "tags": {"site": "north", "machine": "m"},
    }
    assert first.key() == b"warmth,machine=m"
    assert first.headers() is None
    assert fields.pop("processing_time_ns") > end_ns
    assert fields.pop("latency_ms") > 0
    assert fields == {
        "heat": 10.0,
        "readings": 2,
        "start_ns": start_ns,
        "revision": 0,
        "data_points": 2,
        "first_event_ns": start_ns + 2 * 10**9,
        "last_event_ns": start_ns + 7 * 10**9,
    }


def test_processed_events_come_with_their_origin_in_the_headers(run_with_events: Run) -> None:
    run = run_with_events
    events = [message for message in run.analytics if "kind" not in value_of(message)]
    wanted = {
        message.offset(): message
        for message in run.read
        if message.value() != b"no JSON" and value_of(message)["machine"] != "none"
    }
    assert len(events) == len(wanted) == 2 * 2 * len(HEATS) + 1
    for event in events:
        headers = headers_of(event)
        original = wanted.pop(int(headers["offset"]))
        sent = value_of(original)
        assert headers == {
            "topic": original.topic(),
            "partition": "0",
            "offset": str(original.offset()),
            "timestamp": str(original.timestamp()[1]),
            "time_ns": str(sent["ts"] * 10**6),
        }
        heat = sent["heat"]
        hot = None if heat is None else heat > 50
        assert value_of(event) == {"machine": sent["machine"], "heat": heat, "hot": hot}
    assert not wanted


def test_records_are_sent_beside_processed_events(run_with_events: Run) -> None:
    rows = run_with_events.records("window")
    assert len(rows) == 2 * len(HEATS) + 1
    assert [row["time_ns"] for row in rows if row["fields"]["revision"] == 1] == [
        (BASE_MS + 150_000) * 10**6
    ]
