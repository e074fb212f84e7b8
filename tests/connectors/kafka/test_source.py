from collections.abc import Iterator
from contextlib import contextmanager

import bytewax.operators as op
import pytest
from bytewax.dataflow import Dataflow, Stream
from bytewax.testing import TestingSink
from confluent_kafka import Consumer, Producer, TopicPartition

from connectors.codecs.messages import Headers
from connectors.kafka.source import KafkaSource, Position
from operators.intake.intake import Intake, IntakeState
from operators.progress.board import ProgressBoard
from tests.connectors.kafka.reading import (
    PATIENCE_S,
    PLAN,
    SECOND,
    Clock,
    drive,
    enough,
    events,
    make_intake,
    open_part,
    produce,
    read,
    reading,
    send,
)
from tests.operators.intake.stream import message, offsets
from tests.operators.keygroups.engine import run
from tests.services.kafka import Kafka
from tests.services.names import unique
from tidegauge.batch import EventBatch, PartitionState
from tidegauge.errors import Stop


@pytest.fixture
def topic(kafka: Kafka) -> str:
    return kafka.topic(partitions=1)


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


def delete_before(kafka: Kafka, topic: str, offset: int) -> None:
    admin = kafka.admin()
    asked = TopicPartition(topic, 0, offset)
    for future in admin.delete_records([asked]).values():
        future.result(PATIENCE_S)


def test_a_partition_is_a_part_named_by_topic_and_number(kafka: Kafka) -> None:
    source = KafkaSource(reading(kafka, "a-b", partitions=3), make_intake)
    assert source.list_parts() == ["a-b-0", "a-b-1", "a-b-2"]


def test_all_messages_are_read_in_order_in_batches_of_at_most_that_size(
    kafka: Kafka, topic: str
) -> None:
    produce(kafka, topic, events(5_000))
    batches = drive(open_part(reading(kafka, topic, batch_size=700)))
    assert [offset for batch in batches for offset in offsets(batch.on_time)] == list(range(5_000))
    assert max(batch.on_time.height for batch in batches) <= 700
    assert [batch.progress.state for batch in batches[-2:]] == [
        PartitionState.ACTIVE,
        PartitionState.FINISHED,
    ]


def test_an_empty_partition_finishes_at_once(kafka: Kafka, topic: str) -> None:
    (batch,) = drive(open_part(reading(kafka, topic)))
    assert batch.progress.state is PartitionState.FINISHED
    assert batch.counts.read == 0


def test_a_bounded_reading_ends_exactly_where_the_topic_ended_at_its_start(
    kafka: Kafka, topic: str
) -> None:
    produce(kafka, topic, events(100))
    part = open_part(reading(kafka, topic))
    produce(kafka, topic, events(50))
    assert read(drive(part)) == list(range(100))
    assert part.snapshot().offset == 100


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


def test_what_was_deleted_before_the_first_start_is_not_missed(kafka: Kafka, topic: str) -> None:
    produce(kafka, topic, events(10))
    delete_before(kafka, topic, 4)
    assert read(drive(open_part(reading(kafka, topic)))) == [4, 5, 6, 7, 8, 9]


def test_tombstones_and_empty_messages_are_told_apart(kafka: Kafka, topic: str) -> None:
    produce(kafka, topic, [None, b"", *events(1)])
    (batch, _) = drive(open_part(reading(kafka, topic)))
    dead = batch.dead_letters.select("offset", "kind", "payload").rows()
    assert dead == [(0, "tombstone", None), (1, "broken", "")]
    assert offsets(batch.on_time) == [2]


def test_keys_and_attempts_come_with_refused_messages(kafka: Kafka, topic: str) -> None:
    again: Headers = [("tidegauge-origin", b"sales-2@7"), ("tidegauge-attempt", b"3")]
    producer = kafka.producer()
    sent: list[tuple[bytes, bytes | None, Headers]] = [
        (message(ts=1), b"good", again),
        (b"{", b"first", [("trace", b"t")]),
        (b"{", None, again),
    ]
    for value, key, headers in sent:
        producer.produce(topic, value, key, 0, headers=headers)
    producer.flush(10)
    (batch, _) = drive(open_part(reading(kafka, topic)))
    letters = batch.dead_letters.select("key", "origin", "attempt").rows()
    # The topic of the intake, which is not the broker's.
    assert letters == [("first", "t-0@1", 1), (None, "sales-2@7", 3)]


def test_it_goes_on_at_the_saved_position_with_the_saved_state(kafka: Kafka, topic: str) -> None:
    produce(kafka, topic, events(20))
    how = reading(kafka, topic, batch_size=10)
    part = open_part(how)
    first = drive(part, enough(10))
    resumed = drive(open_part(how, part.snapshot()))
    assert read(first) + read(resumed) == list(range(20))
    assert resumed[-1].counts.read == 20
    assert resumed[0].progress.watermark_ns > first[0].progress.watermark_ns


def test_a_saved_position_at_the_end_is_no_fault(kafka: Kafka, topic: str) -> None:
    produce(kafka, topic, events(3))
    resumed = drive(open_part(reading(kafka, topic), Position(3, IntakeState())))
    assert read(resumed) == []


@pytest.mark.parametrize(
    ("position", "said"), [(2, "begins at 5 and ends before 10"), (99, "ends before 10")]
)
def test_a_saved_position_that_is_gone_stops_the_flow(
    kafka: Kafka, topic: str, position: int, said: str
) -> None:
    produce(kafka, topic, events(10))
    delete_before(kafka, topic, 5)
    for bounded in (True, False):
        with pytest.raises(Stop, match=rf"kafka: {topic}-0: position {position}, .*{said}") as one:
            open_part(reading(kafka, topic, bounded=bounded), Position(position, IntakeState()))
        assert "empty recovery directory" in str(one.value)


def test_a_position_that_is_deleted_while_it_is_read_stops_the_flow(
    kafka: Kafka, topic: str
) -> None:
    produce(kafka, topic, events(10))
    delete_before(kafka, topic, 5)
    part = open_part(reading(kafka, topic))
    part._reader._consumer.assign([TopicPartition(topic, 0, 2)])
    with pytest.raises(Stop, match=f"kafka: {topic}-0: position 5, .* no longer exists"):
        drive(part)


def test_a_topic_that_is_not_there_is_a_clear_fault(kafka: Kafka) -> None:
    name = unique("absent")
    with pytest.raises(Stop, match=f"kafka: {name}-0: the broker did not tell its offsets"):
        open_part(reading(kafka, name, timeout_s=5))


def test_latest_begins_at_the_end_and_remembers_it_though_nothing_came(
    kafka: Kafka, topic: str
) -> None:
    produce(kafka, topic, events(3))
    how = reading(kafka, topic, start="latest", bounded=False)
    position = open_part(how).snapshot()
    assert position.offset == 3
    produce(kafka, topic, events(2))
    assert read(drive(open_part(how, position), enough(2))) == [3, 4]


def test_a_silent_partition_becomes_idle_once_and_wakes(kafka: Kafka, topic: str) -> None:
    produce(kafka, topic, events(2))
    clock = Clock()
    part = open_part(reading(kafka, topic, bounded=False), clock=clock)
    drive(part, enough(2))
    drive(part, lambda _: part._reader.at_end)
    clock.now_ns = 10 * SECOND - 1
    assert part.next_batch() == []
    clock.now_ns = 10 * SECOND
    (idle,) = part.next_batch()
    assert idle.progress.state is PartitionState.IDLE
    clock.now_ns = 100 * SECOND
    assert part.next_batch() == []
    produce(kafka, topic, events(1))
    (woken,) = drive(part, enough(1))
    assert woken.progress.state is PartitionState.ACTIVE
    drive(part, lambda _: part._reader.at_end)
    clock.now_ns = 110 * SECOND
    (idle,) = part.next_batch()
    assert idle.progress.state is PartitionState.IDLE


def test_a_partition_is_not_idle_before_it_is_known_to_be_at_its_end(
    kafka: Kafka, topic: str
) -> None:
    clock = Clock()
    part = open_part(reading(kafka, topic, bounded=False), clock=clock)
    clock.now_ns = 100 * SECOND
    (idle,) = drive(part, bool)
    assert part._reader.at_end
    assert idle.progress.state is PartitionState.IDLE


def test_after_a_restart_the_silence_is_counted_anew(kafka: Kafka, topic: str) -> None:
    clock = Clock(now_ns=10**15)
    part = open_part(reading(kafka, topic, bounded=False), Position(0, IntakeState()), clock=clock)
    drive(part, lambda _: part._reader.at_end)
    assert part.next_batch() == []


def test_draining_ends_a_partition_after_its_last_batch_and_finishes_no_window(
    kafka: Kafka, topic: str
) -> None:
    produce(kafka, topic, events(20))
    clock = Clock()
    part = open_part(reading(kafka, topic, batch_size=5, bounded=False), clock=clock)
    batches = drive(part, enough(5))
    clock.draining = True
    assert drive(part) == []
    assert batches[-1].progress.state is PartitionState.ACTIVE
    assert part.snapshot().offset == len(read(batches))


def test_an_empty_poll_backs_off_and_a_message_ends_that(kafka: Kafka, topic: str) -> None:
    part = open_part(reading(kafka, topic, bounded=False))
    assert part.next_awake() is None
    for _ in range(10):
        part.next_batch()
    assert part.next_awake() is not None
    assert part._wait.total_seconds() == 0.016
    produce(kafka, topic, events(1))
    drive(part, enough(1))
    assert part.next_awake() is None


def test_the_consumer_group_is_told_the_position_but_a_bounded_reading_is_not_its_business(
    kafka: Kafka, topic: str
) -> None:
    produce(kafka, topic, events(3))
    for bounded, expected in ((False, 3), (True, -1001)):
        how = reading(kafka, topic, bounded=bounded)
        part = open_part(how)
        drive(part, enough(3))
        part.snapshot()
        part.close()
        with Consumer(dict(how.client)) as client:
            (committed,) = client.committed([TopicPartition(topic, 0)], PATIENCE_S)
        assert committed.offset == expected


@pytest.mark.parametrize("workers", [1, 2])
def test_the_engine_reads_all_partitions_to_their_ends(kafka: Kafka, workers: int) -> None:
    topic = kafka.topic(partitions=3)
    for partition, count in enumerate((1_000, 0, 10)):
        produce(kafka, topic, events(count), partition)
    board = ProgressBoard()

    def intake(number: int, state: IntakeState | None) -> Intake:
        return Intake(PLAN, number, 3, board, state or IntakeState())

    out: list[EventBatch] = []
    flow = Dataflow("reading")
    source = KafkaSource(reading(kafka, topic, partitions=3, batch_size=100), intake)
    batches: Stream[EventBatch] = op.input("in", flow, source)
    op.output("out", batches, TestingSink(out))
    run(flow, workers)
    counted = {batch.progress.partition: batch.counts.read for batch in out}
    assert counted == {0: 1_000, 1: 0, 2: 10}
    finished = [one for one in out if one.progress.state is PartitionState.FINISHED]
    assert len(finished) == 3
