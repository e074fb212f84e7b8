"""Topics with known messages, and partitions of them driven as the engine does."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from threading import Event
from typing import Any

from confluent_kafka import Producer

from connectors.kafka.source import KafkaPartition, KafkaSource, Position, Reading
from operators.intake.intake import Intake, IntakeState
from operators.progress.board import ProgressBoard
from tests.operators.intake.stream import make_plan, message, offsets
from tests.services.kafka import Kafka
from tests.services.names import unique
from tidegauge.batch import EventBatch

PLAN = make_plan(event_time={"max_future": "3650d"})
PATIENCE_S = 120
SECOND = 1_000_000_000


def reading(kafka: Kafka, topic: str, **changes: Any) -> Reading:
    """How the tests read: all of one partition, to its end."""
    usual = Reading(
        client={"bootstrap.servers": kafka.bootstrap, "group.id": unique("group")},
        topic=topic,
        partitions=1,
        start="earliest",
        idle_after_ns=10 * SECOND,
        batch_size=1_000,
        bounded=True,
        timeout_s=10,
    )
    return replace(usual, **changes)


def make_intake(number: int, state: IntakeState | None) -> Intake:
    """The intake of a partition that is the only one in its process."""
    return Intake(PLAN, number, 1, ProgressBoard(), state or IntakeState())


@dataclass
class Clock:
    """A monotonic clock that stands until it is moved, and a flag that drains."""

    now_ns: int = 0
    draining: bool = False


def open_part(
    how: Reading, position: Position | None = None, *, number: int = 0, clock: Clock | None = None
) -> KafkaPartition:
    """A partition of the source, as the engine opens it."""
    given = clock or Clock()
    source = KafkaSource(how, make_intake, lambda: given.draining, lambda: given.now_ns)
    return source.build_part("step", f"{how.topic}-{number}", position)


def produce(kafka: Kafka, topic: str, payloads: Sequence[bytes | None], partition: int = 0) -> None:
    """Append messages and wait until the broker has them."""
    producer = kafka.producer()
    send(producer, topic, payloads, partition)
    producer.flush(PATIENCE_S)


def send(
    producer: Producer, topic: str, payloads: Sequence[bytes | None], partition: int = 0
) -> None:
    """Append messages by this producer, without waiting."""
    for payload in payloads:
        producer.produce(topic, payload, partition=partition)


def events(count: int, start: int = 0) -> list[bytes | None]:
    """Messages in order of time."""
    return [message(ts=number, v=1.0) for number in range(start, start + count)]


def drive(
    part: KafkaPartition, done: Callable[[list[EventBatch]], bool] = lambda _: False
) -> list[EventBatch]:
    """Batches of a partition until it ends or `done` says so of them."""
    batches: list[EventBatch] = []
    deadline = time.monotonic() + PATIENCE_S
    while not done(batches):
        try:
            batches += part.next_batch()
        except StopIteration:
            return batches
        awake = part.next_awake()
        if awake is not None:
            Event().wait(max((awake - datetime.now(UTC)).total_seconds(), 0))
        if time.monotonic() > deadline:
            raise TimeoutError(f"only {batches} within {PATIENCE_S} s")
    return batches


def read(batches: list[EventBatch]) -> list[int]:
    """Offsets of all messages in the batches, dead letters too."""
    found = [offset for batch in batches for offset in offsets(batch.on_time)]
    return sorted(found + [offset for one in batches for offset in one.dead_letters["offset"]])


def enough(count: int) -> Callable[[list[EventBatch]], bool]:
    """Whether so many messages have been read."""
    return lambda batches: len(read(batches)) >= count
