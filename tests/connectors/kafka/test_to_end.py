"""The one reader of what is kept in Kafka."""

from contextlib import closing

import pytest

from connectors.kafka.to_end import TopicReader, UnreadableError, UnreadError
from tests.connectors.kafka.batches import append, zstd_bomb
from tests.services.kafka import Kafka
from tests.services.names import unique


def client(kafka: Kafka) -> dict[str, object]:
    return {"bootstrap.servers": kafka.bootstrap}


def test_it_reads_all_partitions_from_their_offsets_to_their_ends(kafka: Kafka) -> None:
    topic = kafka.topic(unique("end"), partitions=3)
    producer = kafka.producer()
    for number in range(9):
        producer.produce(topic, str(number).encode(), partition=number % 3)
    producer.flush(10)
    with closing(TopicReader(client(kafka), 10)) as reader:
        assert reader.partitions(topic) == [(topic, 0), (topic, 1), (topic, 2)]
        assert reader.range((topic, 1)) == (0, 3)
        reader.begin({(topic, 0): 0, (topic, 1): 2, (topic, 2): 3})
        values = [int(message.value() or b"") for message in reader.to_end()]
        assert sorted(values) == [0, 3, 6, 7]
        producer.produce(topic, b"9", partition=0)
        producer.flush(10)
        found = reader.take(10, most=1)
        assert [message.value() for message in found] == [b"9"]


def test_nothing_wanted_is_at_its_end(kafka: Kafka) -> None:
    with closing(TopicReader(client(kafka), 10)) as reader:
        reader.begin({})
        assert list(reader.to_end()) == []


def test_what_is_not_there_is_said(kafka: Kafka) -> None:
    with closing(TopicReader(client(kafka), 1)) as reader, pytest.raises(UnreadError):
        reader.partitions(unique("none"))


def test_without_an_answer_it_gives_up() -> None:
    with closing(TopicReader({"bootstrap.servers": "127.0.0.1:1"}, 0.3)) as reader:
        reader.begin({("topic", 0): 0})
        with pytest.raises(UnreadError, match=r"(?i)connect|brokers"):
            list(reader.to_end())


def with_bombs(kafka: Kafka) -> str:
    """A topic of two partitions, each with a good message on both sides of a bomb."""
    topic = kafka.topic(partitions=2)
    producer = kafka.producer()
    for partition in range(2):
        producer.produce(topic, b"before", partition=partition)
        producer.flush(10)
        append(kafka.bootstrap, topic, zstd_bomb(3), partition)
        producer.produce(topic, b"behind", partition=partition)
        producer.flush(10)
    return topic


def test_batches_that_cannot_be_read_are_passed_over_and_told(kafka: Kafka) -> None:
    topic = with_bombs(kafka)
    with closing(TopicReader(client(kafka), 10)) as reader:
        reader.begin({(topic, 0): 0, (topic, 1): 0})
        found = sorted((one.partition(), one.offset()) for one in reader.to_end())
        assert found == [(0, 0), (0, 4), (1, 0), (1, 4)]
        for number, line in enumerate(sorted(reader.skipped)):
            assert line.startswith(f"{topic}-{number}: the batch of messages at offset 1 cannot be")
            assert "Invalid compressed data" in line
            assert line.endswith("offsets 1 to 3 are passed over")


def test_where_nothing_may_be_passed_over_they_end_the_reading(kafka: Kafka) -> None:
    topic = with_bombs(kafka)
    with closing(TopicReader(client(kafka), 10, skips=False)) as reader:
        reader.begin({(topic, 0): 0})
        with pytest.raises(UnreadableError, match=f"{topic}-0: the batch of messages at offset 1"):
            list(reader.to_end())
