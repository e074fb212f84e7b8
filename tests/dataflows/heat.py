"""Two machines for a few minutes: one gets hot and cools down again.

    heat of m    10 10 10 10 10 10 10 10 10 10 60 60 60 30 10 10 10   in windows of 10 s
    alert eight                                p  f  f  f  r          above 50 for 10 s, below 20

The other one, n, stays at 10; some of its readings say themselves how urgent they are.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from confluent_kafka import Message

from benchmarks.flow_process import Shape, run_flow
from benchmarks.private_copy import PrivateCopy

PIPELINE = """\
version: 1
pipeline: heat
labels: {site: north}
sources:
  readings:
    kafka: {topic: readings}
    event_time: {field: ts, format: epoch_ms, out_of_orderness: 0s, lateness: 30s}
    fields: {machine: {type: string}, heat: {type: float}}
    filter: "machine <> 'none'"
    derive: {hot: "heat > 50"}
windows:
  warmth:
    from: readings
    tumbling: {size: 10s}
    by: [machine]
    select: {heat: avg(heat), readings: count(*)}
anomalies:
  odd_heat: {on: warmth.heat, warm_up: 5, min_deviation: 1}
alerts:
  seven: {when: "warmth.heat > 50", level: 7}
  eight:
    when: "warmth.heat > 50"
    clear: "warmth.heat < 20"
    for: 10s
    level: 8
    summary: "{machine} has {value}"
  odd: {when: "anomaly(odd_heat)", level: 6}
output:
  influxdb: {bucket: heat}
  kafka: {events: EVENTS}
"""
BASE_MS = 1_700_000_000_000
HEATS = [10] * 10 + [60, 60, 60, 30] + [10] * 3
OWN_LEVELS = {"absent": {}, "null": {"alert_level": None}} | {
    f"level {level}": {"alert_level": level} for level in (0, 7, 8, 10)
}
"""Readings of the machine n that say themselves how urgent they are."""


@dataclass(frozen=True)
class Run:
    """What a run has left, and the messages it has read."""

    copy: PrivateCopy
    read: list[Message]
    analytics: list[Message]
    critical: list[dict[str, Any]]
    alerts: list[dict[str, Any]]

    def records(self, kind: str) -> list[dict[str, Any]]:
        """Records of a kind in the analytics topic."""
        values = [value_of(message) for message in self.analytics]
        return [value for value in values if value.get("kind") == kind]


def value_of(message: Message) -> dict[str, Any]:
    """The object in a message."""
    value: dict[str, Any] = json.loads(message.value() or b"")
    return value


def readings() -> Iterator[dict[str, Any]]:
    """Two readings a window of each machine; the first of n's windows say how urgent they are."""
    own = iter(OWN_LEVELS.values())
    for window, heat in enumerate(HEATS):
        for second in (2, 7):
            ts = BASE_MS + window * 10_000 + second * 1_000
            yield {"ts": ts, "machine": "m", "heat": heat + second - 4.5}
            yield {"ts": ts, "machine": "n", "heat": 10, **next(own, {})}
    yield {"ts": ts, "machine": "none", "heat": 99, "alert_level": 9}


def run_over(copy: PrivateCopy, lines: list[bytes]) -> Run:
    """Write the lines into a topic of one partition and run the flow."""
    (source,) = copy.pipeline.sources.values()
    topic = copy.kafka.topic(source.kafka.topic, partitions=1)
    producer = copy.kafka.producer()
    for line in lines:
        producer.produce(topic, line)
    producer.flush()
    run_flow(copy.path, Shape(), copy.environment)
    return Run(
        copy,
        copy.kafka.read(topic),
        copy.kafka.read(copy.output.topic),
        [value_of(message) for message in copy.kafka.read(copy.output.critical_topic)],
        copy.records("alerts"),
    )


def since_start_s(record: dict[str, Any]) -> int:
    """The time of a record, from the start of the story."""
    return int(record["time_ns"]) // 10**9 - BASE_MS // 1_000
