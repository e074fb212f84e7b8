"""What benchmarks read is what they are said to read."""

import json
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.load import LATENESS_MS, OUT_OF_ORDERNESS_MS, Load, load_topic
from benchmarks.runs import Measured, MiscountError, Run, check_counts
from tests.services.kafka import Kafka
from tests.services.names import unique

LOAD = Load(2_000, keys=50, step_us=10_000, disordered=True, partitions=2)
SIZE_MS, EVERY_MS = 3_000, 1_000
RIGHT = Measured(
    read=LOAD.events,
    events=int(LOAD.on_time.sum()),
    rows=LOAD.first_rows(10_000),
    corrected=LOAD.corrected_rows(10_000),
    seconds=1.0,
    cpu_seconds=1.0,
    peak_mb=1.0,
    stall_ms=0.0,
)


def judged() -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Key and event time of what is on time and what is late, event by event."""
    highest = dict.fromkeys(range(LOAD.partitions), 0)
    on_time: list[tuple[int, int]] = []
    late: list[tuple[int, int]] = []
    for key, time_ms in zip(LOAD.key.tolist(), LOAD.time_ms.tolist(), strict=True):
        partition = key % LOAD.partitions
        behind = highest[partition] - time_ms
        assert behind <= OUT_OF_ORDERNESS_MS + LATENESS_MS
        (late if behind > OUT_OF_ORDERNESS_MS else on_time).append((key, time_ms))
        highest[partition] = max(highest[partition], time_ms)
    return on_time, late


def rows(events: list[tuple[int, int]]) -> int:
    return len(
        {
            (key, time_ms // EVERY_MS - before)
            for key, time_ms in events
            for before in range(SIZE_MS // EVERY_MS)
        }
    )


def test_the_topic_holds_the_events_in_order(kafka: Kafka) -> None:
    topic = unique("load")
    load_topic(kafka, topic, LOAD)
    messages = kafka.read(topic)
    kafka.delete_topic(topic)
    events = [json.loads(message.value() or b"") for message in messages]
    assert sorted(event["event_id"] for event in events) == list(range(LOAD.events))
    for message, event in zip(messages, events, strict=True):
        number = event["event_id"]
        assert event["sensor_id"] == f"sensor-{LOAD.key[number]:05d}"
        assert event["ts"] == LOAD.time_ms[number]
        assert message.partition() == LOAD.key[number] % 2
    for partition in range(2):
        own = [
            e["event_id"]
            for m, e in zip(messages, events, strict=True)
            if m.partition() == partition
        ]
        assert own == sorted(own)


def test_the_true_numbers_of_rows_are_those_of_judging_event_by_event() -> None:
    on_time, late = judged()
    assert len(late) > 10
    assert LOAD.first_rows(SIZE_MS, EVERY_MS) == rows(on_time)
    assert LOAD.corrected_rows(SIZE_MS, EVERY_MS) == rows(late)


def test_without_disorder_nothing_is_late() -> None:
    load = replace(LOAD, disordered=False)
    assert load.on_time.all()
    assert (np.diff(load.time_ms) >= 0).all()
    assert load.corrected_rows(SIZE_MS) == 0


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"read": 1_999}, "flow counted 1999 messages, true are 2000"),
        ({"events": 5}, "flow counted 5 events in first results"),
        ({"rows": None}, "flow counted None first results"),
        ({"corrected": 0}, "flow counted 0 corrected results"),
    ],
)
def test_a_wrong_count_is_no_result(wrong: dict[str, int | None], told: str) -> None:
    check_counts(Run("flow"), RIGHT, LOAD)
    with pytest.raises(MiscountError, match=told):
        check_counts(Run("flow"), replace(RIGHT, **wrong), LOAD)  # type: ignore[arg-type]  # by name
