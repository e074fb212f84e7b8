from collections.abc import Iterator
from contextlib import contextmanager

from confluent_kafka import Producer

from tests.connectors.kafka.reading import (
    PATIENCE_S,
    drive,
    events,
    open_part,
    produce,
    read,
    reading,
    send,
)
from tests.services.kafka import Kafka
from tests.services.names import unique


@contextmanager
def transaction(kafka: Kafka, *, commit: bool = True) -> Iterator[Producer]:
    """A producer within a transaction, which leaves a control record behind."""
    config = {"bootstrap.servers": kafka.bootstrap, "transactional.id": unique("id")}
    producer = Producer(config)
    producer.init_transactions(PATIENCE_S)
    producer.begin_transaction()
    yield producer
    producer.flush(PATIENCE_S)
    if commit:
        producer.commit_transaction(PATIENCE_S)
    else:
        producer.abort_transaction(PATIENCE_S)
    # The broker writes the control record after it has answered, but before the next may begin.
    Producer(config).init_transactions(PATIENCE_S)


def test_a_bounded_reading_ends_at_a_control_record(kafka: Kafka, topic: str) -> None:
    with transaction(kafka) as producer:
        send(producer, topic, events(3))
    assert kafka.end_offsets(topic) == {0: 4}
    part = open_part(reading(kafka, topic))
    assert read(drive(part)) == [0, 1, 2]


def test_a_bounded_reading_ends_at_a_control_record_though_the_topic_goes_on(
    kafka: Kafka, topic: str
) -> None:
    with transaction(kafka) as producer:
        send(producer, topic, events(3))
    how = reading(kafka, topic, batch_size=3)
    part = open_part(how)
    produce(kafka, topic, events(100))
    assert read(drive(part)) == [0, 1, 2]
    assert read(drive(open_part(how, part.snapshot()))) == list(range(4, 104))


def test_aborted_transactions_leave_gaps_and_nothing_else(kafka: Kafka, topic: str) -> None:
    produce(kafka, topic, events(2))
    with transaction(kafka, commit=False) as producer:
        send(producer, topic, events(3))
    with transaction(kafka) as producer:
        send(producer, topic, [b"{", *events(1)])
    batches = drive(open_part(reading(kafka, topic)))
    assert read(batches) == [0, 1, 6, 7]
    assert [offset for one in batches for offset in one.dead_letters["offset"]] == [6]
    assert batches[-1].counts.read == 4


def test_an_open_transaction_is_not_read_over(kafka: Kafka, topic: str) -> None:
    produce(kafka, topic, events(2))
    with transaction(kafka, commit=False) as producer:
        send(producer, topic, events(3))
        producer.flush(PATIENCE_S)
        produce(kafka, topic, events(1))
        part = open_part(reading(kafka, topic))
        assert read(drive(part)) == [0, 1]
        position = part.snapshot()
    assert read(drive(open_part(reading(kafka, topic), position))) == [5]
