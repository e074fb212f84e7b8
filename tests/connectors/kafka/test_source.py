import bytewax.operators as op
import pytest
from bytewax.dataflow import Dataflow, Stream
from bytewax.testing import TestingSink
from confluent_kafka import Consumer, TopicPartition

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
)
from tests.operators.intake.stream import message, offsets
from tests.operators.keygroups.engine import run
from tests.services.kafka import Kafka
from tests.services.names import unique
from tidegauge.batch import EventBatch, PartitionState
from tidegauge.errors import Stop


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


def test_a_topic_that_is_not_there_is_a_clear_fault(kafka: Kafka) -> None:
    name = unique("absent")
    with pytest.raises(Stop, match=f"kafka: {name}-0: the broker did not tell its offsets"):
        open_part(reading(kafka, name, timeout_s=5))


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
