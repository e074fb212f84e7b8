"""Stores that the real flow has filled from the example pipelines' own test events."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.flow_process import Shape, run_flow
from benchmarks.private_copy import PrivateCopy, private_copy
from grafana.subject import Subject, subject_of
from tests.services.influxdb import InfluxDB
from tests.services.kafka import Kafka
from tidegauge.spec.loader import load_pipeline
from tidegauge.spec.models import EventTime, Pipeline

EXAMPLES = Path(__file__).parents[2] / "pipelines"
NAMES = ("machines", "payments", "web")
_GAP = timedelta(seconds=40)
_BROKEN = b'{"broken'


@dataclass(frozen=True)
class Filled:
    """A pipeline whose store holds windows, anomalies, alerts, dead letters and counts.

    Attributes:
        copy: the pipeline, with names of its own.
        influxdb: the server that holds its records.
        subject: what its files are rendered from.
    """

    copy: PrivateCopy
    influxdb: InfluxDB

    @property
    def subject(self) -> Subject:
        """What dashboards and rules are made from."""
        return subject_of(self.copy.pipeline)

    @property
    def bucket(self) -> str:
        """Its bucket."""
        return self.subject.store.bucket

    def times_ms(self, measurement: str) -> list[int]:
        """Times of all records of a measurement."""
        return sorted(int(row["time_ns"]) // 1_000_000 for row in self.copy.records(measurement))


@contextmanager
def filled(name: str, folder: Path, kafka: Kafka, influxdb: InfluxDB) -> Iterator[Filled]:
    """Run an example's flow twice over its events: in between, more of them come."""
    with private_copy(EXAMPLES / f"{name}.yaml", folder, kafka, influxdb) as copy:
        messages = events(load_pipeline(EXAMPLES / f"{name}.yaml"), datetime.now(UTC))
        (source,) = copy.pipeline.sources.values()
        kafka.topic(source.kafka.topic, partitions=1)
        half = len(messages) // 2
        for part in (messages[:half], messages[half:]):
            producer = kafka.producer()
            for message in part:
                producer.produce(source.kafka.topic, message, partition=0)
            producer.flush()
            run_flow(copy.path, Shape(), copy.environment)
        yield Filled(copy, influxdb)


def events(pipeline: Pipeline, end: datetime) -> list[bytes]:
    """The events of all tests of a file, one test after the other, the last one just before `end`.

    A message that is none and an event with a level of its own are among them.
    """
    (source,) = pipeline.sources.values()
    parts = [_read(EXAMPLES / test.events) for test in pipeline.tests]
    made: list[bytes] = []
    for part in reversed(parts):
        times = [_time(event, source.event_time) for event in part]
        shift = end - timedelta(seconds=1) - max(times)
        end = min(times) + shift - _GAP
        moved = [
            {**event, source.event_time.field: _written(time + shift, source.event_time)}
            for event, time in zip(part, times, strict=True)
        ]
        made = [json.dumps(event).encode() for event in moved] + made
    last = json.loads(made[-1])
    return [*made[:5], _BROKEN, *made[5:], json.dumps({**last, "alert_level": 9}).encode()]


def _read(file: Path) -> list[dict[str, Any]]:
    """The sound events of a file."""
    found = []
    for line in file.read_bytes().splitlines():
        try:
            found.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return [event for event in found if _is_sound(event)]


def _is_sound(event: Mapping[str, Any]) -> bool:
    return isinstance(event, dict) and all(value is not None for value in event.values())


def _time(event: Mapping[str, Any], declared: EventTime) -> datetime:
    written = event[declared.field]
    if declared.format == "iso8601":
        return datetime.fromisoformat(written)
    unit = {"epoch_s": 1, "epoch_ms": 1_000}[declared.format]
    return datetime.fromtimestamp(written / unit, UTC)


def _written(time: datetime, declared: EventTime) -> str | int | float:
    if declared.format == "iso8601":
        return time.isoformat().replace("+00:00", "Z")
    unit = {"epoch_s": 1, "epoch_ms": 1_000}[declared.format]
    seconds = time.timestamp() * unit
    return int(seconds) if unit > 1 else round(seconds, 3)
