"""A sample is the oldest and newest messages of each partition, bounded in count and time."""

import pytest
from confluent_kafka import Producer, TopicPartition
from hypothesis import given
from hypothesis import strategies as st

from connectors.kafka.sample import (
    Piece,
    TopicSample,
    plan_pieces,
    read_sample,
    unreadable_lines,
)
from tests.connectors.kafka.batches import append, zstd_bomb
from tests.services.kafka import Kafka
from tests.services.names import unique
from tidegauge.errors import UserMistake
from tidegauge.settings import Settings

ENDS = st.dictionaries(
    st.integers(0, 20), st.tuples(st.integers(0, 9), st.integers(0, 50)), max_size=8
).map(lambda ends: {number: (low, low + size) for number, (low, size) in ends.items()})


def size(ends: dict[int, tuple[int, int]]) -> int:
    return sum(high - low for low, high in ends.values())


@given(ENDS, st.integers(1, 200))
def test_pieces_together_are_what_is_wanted_or_all_there_is(
    ends: dict[int, tuple[int, int]], wanted: int
) -> None:
    oldest, newest = plan_pieces(ends, wanted)
    assert sum(piece.most for piece in [*oldest, *newest]) == min(wanted, size(ends))


@given(ENDS, st.integers(1, 200))
def test_pieces_are_at_both_ends_and_apart(ends: dict[int, tuple[int, int]], wanted: int) -> None:
    pieces = plan_pieces(ends, wanted)
    oldest, newest = ({piece.partition: piece for piece in some} for some in pieces)
    for number, piece in newest.items():
        assert piece.stop == ends[number][1]
        assert piece.start == piece.stop - piece.most
    for number, piece in oldest.items():
        assert piece.start == ends[number][0]
        assert piece.start + piece.most <= piece.stop == newest[number].start


def test_small_partitions_leave_their_share_to_others() -> None:
    oldest, newest = plan_pieces({0: (0, 3), 1: (0, 100), 2: (7, 7)}, 14)
    assert oldest == [Piece(1, 0, 94, 5)]
    assert newest == [Piece(0, 0, 3, 3), Piece(1, 94, 100, 6)]


def settings(kafka: Kafka, **more: float) -> Settings:
    return Settings.model_validate({"kafka_bootstrap": kafka.bootstrap, **more})


def fill(kafka: Kafka, counts: dict[int, int]) -> str:
    """A topic whose partitions hold the numbers from 0 to so many."""
    topic = kafka.topic(partitions=4)
    producer = kafka.producer()
    for partition, count in counts.items():
        for number in range(count):
            producer.produce(topic, str(number), partition=partition, timestamp=1_000 + number)
    producer.flush()
    return topic


def numbers(sample: TopicSample, partition: int) -> list[int]:
    return [int(payload or b"") for payload in sample.partitions[partition].payloads]


def test_the_oldest_and_newest_of_each_partition(kafka: Kafka) -> None:
    topic = fill(kafka, {0: 500, 1: 3, 3: 5_000})
    sample = read_sample(settings(kafka), topic, 43)
    assert numbers(sample, 0) == [*range(10), *range(490, 500)]
    assert numbers(sample, 1) == [0, 1, 2]
    assert numbers(sample, 3) == [*range(10), *range(4_990, 5_000)]
    assert (sample.messages, sample.available, sample.partition_count) == (43, 5_503, 4)
    assert sample.complete


def test_offsets_and_timestamps_come_along(kafka: Kafka) -> None:
    sample = read_sample(settings(kafka), fill(kafka, {2: 4}), 2)
    assert list(sample.partitions[2].offsets) == [0, 3]
    assert sample.partitions[2].appended_ms == [1_000, 1_003]


def test_what_retention_deleted_is_not_waited_for(kafka: Kafka) -> None:
    topic = fill(kafka, {0: 100})
    admin = kafka.admin()  # must outlive the answer
    for deleted in admin.delete_records([TopicPartition(topic, 0, 95)]).values():
        deleted.result(30)
    sample = read_sample(settings(kafka), topic, 50)
    assert numbers(sample, 0) == [95, 96, 97, 98, 99]


def test_only_committed_messages_are_there(kafka: Kafka) -> None:
    topic = kafka.topic(partitions=1)
    producer = Producer(
        {"bootstrap.servers": kafka.bootstrap, "transactional.id": unique("sample")}
    )
    producer.init_transactions(30)
    for commit in (True, False):
        producer.begin_transaction()
        producer.produce(topic, "1" if commit else "2")
        producer.flush()
        (producer.commit_transaction if commit else producer.abort_transaction)(30)
    sample = read_sample(settings(kafka), topic, 10)
    assert (numbers(sample, 0), sample.complete) == ([1], True)


def test_an_empty_topic_is_a_clear_line(kafka: Kafka) -> None:
    topic = kafka.topic()
    with pytest.raises(UserMistake, match=f"^Kafka topic '{topic}' has no messages; [^\n]+$"):
        read_sample(settings(kafka), topic, 10)


def test_a_missing_topic_is_a_clear_line(kafka: Kafka) -> None:
    with pytest.raises(UserMistake, match=r"^Kafka topic 'not-there' does not exist [^\n]+$"):
        read_sample(settings(kafka), "not-there", 10)


def test_time_that_ran_out_is_told(kafka: Kafka) -> None:
    topic = fill(kafka, {0: 10})
    allowed = settings(kafka).start_timeout_s
    ticks = iter([0.0, 0.0, 0.0, 0.0, 0.0, *[99.0] * 9])
    with pytest.raises(UserMistake, match=f"no message came within {allowed:g} s"):
        read_sample(settings(kafka), topic, 10, monotonic_s=lambda: next(ticks))


def test_no_broker_is_a_clear_line() -> None:
    nowhere = Settings.model_validate({"kafka_bootstrap": "127.0.0.1:1", "start_timeout_s": 0.5})
    with pytest.raises(UserMistake, match=r"no Kafka broker answered within 0\.5 s"):
        read_sample(nowhere, "topic", 10)


def test_what_the_client_cannot_read_is_named_and_the_rest_is_sampled(kafka: Kafka) -> None:
    topic = fill(kafka, {0: 3, 1: 5})
    append(kafka.bootstrap, topic, zstd_bomb(), 0)
    sample = read_sample(settings(kafka, start_timeout_s=30), topic, 100)
    assert sample.messages == 8
    (line,) = unreadable_lines(topic, sample.unreadable)
    assert line.startswith(f"{topic}-0: the batch of messages at offset 3 cannot be read (")


def test_a_topic_that_holds_nothing_else_is_told_so(kafka: Kafka) -> None:
    topic = fill(kafka, {})
    append(kafka.bootstrap, topic, zstd_bomb(), 0)
    with pytest.raises(UserMistake, match=rf"^Kafka topic {topic}-0: the batch .* at offset 0"):
        read_sample(settings(kafka), topic, 100)
