from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from confluent_kafka import Producer
from structlog.testing import capture_logs

from connectors.kafka.open_transactions import TOLD_AFTER_NS, OpenTransaction
from connectors.kafka.source import KafkaPartition
from tests.connectors.kafka.reading import (
    PATIENCE_S,
    SECOND,
    Clock,
    drive,
    enough,
    events,
    open_part,
    produce,
    read,
    reading,
    send,
)
from tests.services.kafka import Kafka
from tests.services.names import unique
from tidegauge.batch import EventBatch, PartitionState
from tidegauge.journal import PartitionJournal


class Journal:
    """Counts how often a partition asks for a floor."""

    def __init__(self) -> None:
        self.floors = 0

    def idle(self, offset: int) -> None:
        self.floors += 1

    def settled(self) -> bool:
        return True


@contextmanager
def transaction(kafka: Kafka, topic: str, payloads: list[bytes | None]) -> Iterator[Producer]:
    settings = {"bootstrap.servers": kafka.bootstrap, "transactional.id": unique("upstream")}
    producer = Producer(settings)
    producer.init_transactions(PATIENCE_S)
    producer.begin_transaction()
    send(producer, topic, payloads)
    producer.flush(PATIENCE_S)
    yield producer


def held_back(part: KafkaPartition) -> list[EventBatch]:
    return drive(part, lambda _: part._reader.held_back and part._reader.left > 0)


def states(batches: list[EventBatch]) -> list[PartitionState]:
    return [batch.progress.state for batch in batches]


def test_a_partition_with_an_open_transaction_is_not_silent(kafka: Kafka, topic: str) -> None:
    produce(kafka, topic, events(2))
    clock = Clock()
    part = open_part(reading(kafka, topic, bounded=False), clock=clock)
    with transaction(kafka, topic, events(3, start=2)) as upstream:
        batches = held_back(part)
        assert read(batches) == [0, 1]
        for _ in range(3):
            clock.now_ns += 20 * SECOND
            assert part.next_batch() == []
        upstream.commit_transaction(PATIENCE_S)
    assert read(drive(part, enough(3))) == [2, 3, 4]


def test_its_silence_begins_when_the_transaction_was_taken_back(kafka: Kafka, topic: str) -> None:
    clock = Clock()
    part = open_part(reading(kafka, topic, bounded=False), clock=clock)
    with transaction(kafka, topic, events(3)) as upstream:
        held_back(part)
        clock.now_ns = 100 * SECOND
        assert part.next_batch() == []
        upstream.abort_transaction(PATIENCE_S)
    drive(part, lambda _: not part._reader.held_back)
    assert part.next_batch() == []
    clock.now_ns = 110 * SECOND
    assert states(drive(part, bool)) == [PartitionState.IDLE]


def test_an_idle_partition_wakes_when_a_transaction_is_opened_and_nothing_passes_it(
    kafka: Kafka, topic: str
) -> None:
    clock, journal = Clock(), Journal()
    part = open_part(reading(kafka, topic, bounded=False), clock=clock)
    part._journal = cast("PartitionJournal", journal)
    drive(part, lambda _: part._reader.at_end and not part._reader.held_back)
    clock.now_ns = 10 * SECOND
    assert states(drive(part, bool)) == [PartitionState.IDLE]
    part.next_batch()
    assert journal.floors == 1
    with transaction(kafka, topic, events(3)) as upstream:
        assert states(drive(part, bool)) == [PartitionState.ACTIVE]
        asked = journal.floors
        clock.now_ns = 100 * SECOND
        assert part.next_batch() == []
        assert journal.floors == asked
        upstream.commit_transaction(PATIENCE_S)
    assert read(drive(part, enough(3))) == [0, 1, 2]


def test_a_bounded_reading_ends_before_a_transaction_that_is_open(kafka: Kafka, topic: str) -> None:
    produce(kafka, topic, events(2))
    with transaction(kafka, topic, events(3)) as upstream:
        assert read(drive(open_part(reading(kafka, topic)))) == [0, 1]
        upstream.abort_transaction(PATIENCE_S)


def test_a_transaction_that_stays_open_is_told_once_with_where_it_begins() -> None:
    transaction_ = OpenTransaction("orders", 3)
    with capture_logs() as logs:
        for now_ns in (0, TOLD_AFTER_NS - 1, TOLD_AFTER_NS, 2 * TOLD_AFTER_NS):
            transaction_.holds_back(7, now_ns)
        transaction_.holds_back(9, 3 * TOLD_AFTER_NS)
    assert [(one["topic"], one["partition"], one["offset"]) for one in logs] == [("orders", 3, 7)]
