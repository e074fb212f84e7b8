"""How long after the broker has an event the output topic has what follows from it.

10,000 events a second are written, paced, while the flow runs as a deployment runs it. The broker
stamps both topics, so that one clock counts. A processed event is late by its stamp in the output
topic less that in its source. A window's record counts from when the watermark passed the end of
the window: from the stamp of the event that let the last partition pass it.
"""

import json
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, Message, TopicPartition
from ruamel.yaml import YAML

from benchmarks.flow_process import Member, Shape, running_flow
from benchmarks.load import PARTITIONS
from benchmarks.runs import RunFailedError
from tests.services.kafka import Kafka
from tests.services.names import unique

RATE = 10_000
KEYS = 1_000
WINDOW_MS = 1_000
OUT_OF_ORDERNESS_MS = 100
WARM_UP_S = 5
_LONGEST_START_S = 60
_LONGEST_DELAY_S = 5
_TURNS = 200
"""So many times a second events are written."""
_SETTLE_S = 3.0
_STAMPED = {"message.timestamp.type": "LogAppendTime"}


@dataclass(frozen=True)
class Latency:
    """Delays in milliseconds, of windows' records and of processed events."""

    windows: npt.NDArray[np.int64]
    events: npt.NDArray[np.int64]

    def quantile(self, what: str, share: float) -> float:
        """A quantile of `windows` or `events`."""
        return float(np.quantile(getattr(self, what), share, method="higher"))

    @property
    def raw(self) -> dict[str, Any]:
        """How many were measured, and quantiles."""
        return {
            what: {
                "records": int(getattr(self, what).size),
                **{f"p{share:g}": self.quantile(what, share / 100) for share in (50, 90, 99, 99.9)},
                "highest": self.quantile(what, 1.0),
            }
            for what in ("windows", "events")
        }


@dataclass(frozen=True)
class LatencyRow:
    """One row of the table; as `Row`, made of a `Latency`."""

    name: str
    about: str
    goal: float
    what: str
    share: float
    least: bool = False
    reference: str = ""

    def of(self, latency: Latency) -> float:
        """Its figure."""
        return latency.quantile(self.what, self.share)

    def met(self, measured: float) -> bool:
        """Whether this reaches the goal."""
        return measured < self.goal


_PACED = "10,000 events a second, paced:"
LATENCY_ROWS = (
    LatencyRow(
        "latency_window_p50", f"{_PACED} watermark to window record, p50, ms", 30, "windows", 0.5
    ),
    LatencyRow(
        "latency_window_p99", f"{_PACED} watermark to window record, p99, ms", 100, "windows", 0.99
    ),
    LatencyRow(
        "latency_event_p50", f"{_PACED} event to processed event, p50, ms", 30, "events", 0.5
    ),
    LatencyRow(
        "latency_event_p99", f"{_PACED} event to processed event, p99, ms", 100, "events", 0.99
    ),
)


def measure_latency(kafka: Kafka, seconds: int) -> Latency:
    """Run the flow beside a paced producer.

    Raises:
        RunFailedError: the flow ended, the producer fell behind, or records are missing.
        FlowFailedError: the flow could not start.
    """
    name = unique("latency")
    source, output = f"{name}-in", f"{name}-out"
    kafka.topic(source, partitions=PARTITIONS, config=_STAMPED)
    kafka.topic(output, partitions=1, config=_STAMPED)
    try:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "latency.yaml"
            with file.open("w", encoding="utf-8") as opened:
                YAML().dump(_pipeline(name, source, output), opened)
            environment = {"KAFKA_BOOTSTRAP": kafka.bootstrap}
            with running_flow(file, Shape(), environment) as members:
                from_ms = _produce(kafka, (source, output), seconds, members[0])
                _settle(kafka, output)
        return _delays(kafka, source, output, from_ms, seconds)
    finally:
        for topic in kafka.admin().list_topics().topics:
            if topic.startswith(name):
                kafka.delete_topic(topic)


def _pipeline(name: str, source: str, output: str) -> dict[str, Any]:
    return {
        "version": 1,
        "pipeline": name,
        "sources": {
            "events": {
                "kafka": {"topic": source, "start": "earliest"},
                "event_time": {
                    "field": "ts",
                    "format": "epoch_ms",
                    "out_of_orderness": f"{OUT_OF_ORDERNESS_MS}ms",
                },
                "fields": {"sensor_id": {"type": "string"}, "value": {"type": "float"}},
            }
        },
        "windows": {
            "readings": {
                "from": "events",
                "tumbling": {"size": f"{WINDOW_MS}ms"},
                "by": ["sensor_id"],
                "select": {"count": "count(*)", "average": "avg(value)"},
            }
        },
        "output": {
            "kafka": {"topic": output, "critical_topic": f"{name}-critical", "events": True}
        },
    }


def _settle(kafka: Kafka, output: str) -> None:
    """Wait until nothing more comes."""
    before, now = -1, 0
    for _ in range(_LONGEST_START_S):
        before, now = now, sum(kafka.end_offsets(output).values())
        if now == before:
            return
        time.sleep(_SETTLE_S)


def _produce(kafka: Kafka, topics: tuple[str, str], seconds: int, member: Member) -> int:
    """Write `RATE` events a second; when those that are measured begin, epoch ms.

    The flow takes a while to start: first it must have written something.
    """
    source, output = topics
    pace = _Pace(kafka, source, member)
    for _ in range(_LONGEST_START_S):
        pace.write(1)
        if sum(kafka.end_offsets(output).values()):
            break
    pace.write(WARM_UP_S)
    from_ms = int(time.time() * 1_000)
    pace.write(seconds)
    pace.producer.flush()
    return from_ms


class _Pace:
    """Writes events at the rate that is wanted, a few at a time."""

    def __init__(self, kafka: Kafka, topic: str, member: Member) -> None:
        self.producer = kafka.producer()
        self._topic = topic
        self._member = member
        self._chance = np.random.default_rng(1)

    def write(self, seconds: int) -> None:
        if self._member.process.poll() is not None:
            raise RunFailedError(f"the flow has ended: {self._member.output[-2_000:]}")
        started = time.time()
        for turn in range(seconds * _TURNS):
            wait = started + turn / _TURNS - time.time()
            if wait < -_LONGEST_DELAY_S:
                raise RunFailedError(f"the producer is {-wait:.1f} s behind")
            self.producer.poll(0)
            time.sleep(max(wait, 0))  # `poll` with a time comes back at the first delivery
            now_ms = int(time.time() * 1_000)
            for key in self._chance.integers(KEYS, size=RATE // _TURNS).tolist():
                value = b'{"sensor_id":"sensor-%05d","ts":%d,"value":%d.5}' % (key, now_ms, key)
                self.producer.produce(self._topic, value, partition=key % PARTITIONS)


def _delays(kafka: Kafka, source: str, output: str, from_ms: int, seconds: int) -> Latency:
    passed = _passed(kafka, source)
    windows: list[int] = []
    events: list[int] = []
    for message in _messages(kafka, output):
        stamp = message.timestamp()[1]
        if headers := message.headers():
            appended = int(dict(headers)["timestamp"] or 0)
            if appended >= from_ms:
                events.append(stamp - appended)
            continue
        record = json.loads(message.value() or b"")
        end_ms = record["time_ns"] // 1_000_000
        if record["kind"] == "window" and end_ms >= from_ms and end_ms in passed:
            windows.append(stamp - passed[end_ms])
    expected = RATE * seconds
    if len(events) < expected * 0.9 or len(windows) < KEYS * (seconds - 2) * 0.9:
        raise RunFailedError(
            f"{len(events)} processed events and {len(windows)} window records came;"
            f" expected about {expected} and {KEYS * seconds}"
        )
    return Latency(np.array(windows), np.array(events))


def _passed(kafka: Kafka, topic: str) -> dict[int, int]:
    """When the watermark passed the end of each window, by the stamps of the events, epoch ms."""
    reached: list[dict[int, int]] = [{} for _ in range(PARTITIONS)]
    highest = [0] * PARTITIONS
    for message in _messages(kafka, topic):
        partition = message.partition() or 0
        time_ms = json.loads(message.value() or b"")["ts"] - OUT_OF_ORDERNESS_MS
        before, now = highest[partition] // WINDOW_MS, time_ms // WINDOW_MS
        if before and now > before:
            ends = range((before + 1) * WINDOW_MS, now * WINDOW_MS + 1, WINDOW_MS)
            reached[partition] |= dict.fromkeys(ends, message.timestamp()[1])
        highest[partition] = max(highest[partition], time_ms)
    everywhere = set.intersection(*map(set, reached))
    return {end: max(one[end] for one in reached) for end in everywhere}


def _messages(kafka: Kafka, topic: str) -> Iterator[Message]:
    """The messages of a topic up to its end, not all of them held at once."""
    ends = kafka.end_offsets(topic)
    left = sum(ends.values())
    config = {"bootstrap.servers": kafka.bootstrap, "group.id": unique("reader")}
    with Consumer({**config, "enable.auto.commit": False}) as client:
        client.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in ends])
        while left > 0:
            messages = client.consume(1_000, 10.0)
            if not messages:
                raise RunFailedError(f"topic {topic}: {left} messages are missing")
            left -= len(messages)
            for message in messages:
                if (error := message.error()) is not None:
                    raise KafkaException(error)
                yield message
