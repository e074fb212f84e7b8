"""Topics of JSON events of about 110 bytes, and what windows over them must give."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from confluent_kafka import Producer

from tests.services.kafka import Kafka

BASE_MS = 1_760_000_000_000
OUT_OF_ORDERNESS_MS = 2_000
LATENESS_MS = 30_000
"""Allowed lateness where a topic has late events; no event is later."""
PARTITIONS = 4
_CHUNK = 8_000
_QUEUE = 400_000
_PRODUCER = {
    "enable.idempotence": True,
    "compression.type": "lz4",
    "linger.ms": 50,
    "batch.num.messages": 10_000,
    "queue.buffering.max.messages": 2 * _QUEUE,
}
_EVENT = b'{"event_id":%d,"sensor_id":"%b","ts":%d,"value":%.3f,"status":"%b","region":"eu-%d"}'
_DISORDERED, _LATE = 0.05, 0.01
_DISORDER_MS = (1, 1_500)
_LATE_MS = (5_000, 20_000)

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Load:
    """Events of a topic: a function of these values alone.

    Attributes:
        events: how many.
        keys: distinct values of `sensor_id`, drawn at random; it is also the message key.
        step_us: event time from one event to the next.
        disordered: whether 5 % lie up to 1.5 s behind, and 1 % 5 to 20 s: late, and corrections.
        partitions: partitions of the topic; the key decides.
    """

    events: int
    keys: int = 1_000
    step_us: int = 1_000
    disordered: bool = False
    partitions: int = PARTITIONS

    @cached_property
    def key(self) -> Integers:
        """Number of each event's key."""
        return np.random.default_rng(1).integers(self.keys, size=self.events)

    @cached_property
    def time_ms(self) -> Integers:
        """Event time of each event."""
        times: Integers = BASE_MS + np.arange(self.events) * self.step_us // 1_000
        if not self.disordered:
            return times
        chance = np.random.default_rng(2)
        drawn = chance.random(self.events)
        late = drawn < _LATE
        behind = ~late & (drawn < _LATE + _DISORDERED)
        times[late] -= chance.integers(*_LATE_MS, size=int(late.sum()))
        times[behind] -= chance.integers(*_DISORDER_MS, size=int(behind.sum()))
        return times

    @cached_property
    def on_time(self) -> npt.NDArray[np.bool_]:
        """Which events are not late, by the highest event time before them in their partition."""
        times, on_time = self.time_ms, np.ones(self.events, np.bool_)
        for partition in range(self.partitions):
            own = np.flatnonzero(self.key % self.partitions == partition)
            highest = np.maximum.accumulate(times[own])[:-1]
            on_time[own[1:]] = times[own[1:]] >= highest - OUT_OF_ORDERNESS_MS
        return on_time

    def first_rows(self, size_ms: int, every_ms: int | None = None) -> int:
        """True number of first results of windows."""
        return self._rows(self.on_time, size_ms, every_ms or size_ms)

    def corrected_rows(self, size_ms: int, every_ms: int | None = None) -> int:
        """True number of corrected results of windows."""
        return self._rows(~self.on_time, size_ms, every_ms or size_ms)

    def _rows(self, of: npt.NDArray[np.bool_], size_ms: int, every_ms: int) -> int:
        """Distinct pairs of key and window among these events."""
        panes = self.time_ms[of] // every_ms
        held = np.unique(self.key[of] << 40 | panes)
        windows = [held + later for later in range(size_ms // every_ms)]
        return int(np.unique(np.concatenate(windows)).size)

    def messages(self) -> Iterator[dict[int, list[dict[str, Any]]]]:
        """The messages by partition, some at a time, as `Producer.produce_batch` takes them."""
        values = np.random.default_rng(3).normal(50, 5, self.events)
        names = [b"sensor-%05d" % number for number in range(self.keys)]
        for start in range(0, self.events, _CHUNK):
            part = slice(start, start + _CHUNK)
            made: dict[int, list[dict[str, Any]]] = {
                number: [] for number in range(self.partitions)
            }
            rows = zip(
                self.key[part].tolist(),
                self.time_ms[part].tolist(),
                values[part].tolist(),
                strict=True,
            )
            for number, (key, time_ms, value) in enumerate(rows, start):
                event = _EVENT % (number, names[key], time_ms, value, _status(number), number % 7)
                made[key % self.partitions].append({"value": event, "key": names[key]})
            yield made


def load_topic(kafka: Kafka, topic: str, load: Load) -> None:
    """Make a topic and fill it."""
    kafka.topic(topic, partitions=load.partitions)
    producer = Producer({**_PRODUCER, "bootstrap.servers": kafka.bootstrap})
    for by_partition in load.messages():
        for partition, messages in by_partition.items():
            _produce(producer, topic, partition, messages)
    producer.flush()


def _produce(
    producer: Producer, topic: str, partition: int, messages: list[dict[str, Any]]
) -> None:
    # In a queue that is full a later message may find the place that an earlier one did not.
    while len(producer) > _QUEUE:
        producer.poll(0.01)
    if producer.produce_batch(topic, messages, partition=partition) != len(messages):
        raise BufferError("the producer did not take every message")


def _status(number: int) -> bytes:
    return b"ok" if number % 50 else b"fail"
