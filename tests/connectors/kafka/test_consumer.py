"""Reading goes on when the client has forgotten all brokers."""

import json
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest
from confluent_kafka import KafkaError, Message, TopicPartition
from structlog.testing import capture_logs

from connectors.kafka.consumer import LastingConsumer
from tests.services.kafka import Kafka
from tests.services.names import unique

FORGOTTEN = json.dumps({"brokers": {"GroupCoordinator": {"source": "logical", "nodeid": -1}}})
"""What a client tells that knows no broker any more, as seen after a broker's restart."""
LOOK = {"statistics.interval.ms": 20}


def config(bootstrap: str) -> dict[str, Any]:
    return {"bootstrap.servers": bootstrap, "group.id": unique("lasting"), **LOOK}


def taken(consumer: LastingConsumer, reached: Callable[[list[Message]], bool]) -> list[Message]:
    messages: list[Message] = []
    deadline = time.monotonic() + 60
    while not reached(messages):
        assert time.monotonic() < deadline
        messages += [one for one in consumer.consume(3, 0.05) if one.error() is None]
    return messages


def fill(kafka: Kafka, topic: str, first: int, end: int) -> None:
    producer = kafka.producer()
    for number in range(first, end):
        producer.produce(topic, str(number).encode(), partition=number % 2)
    assert producer.flush(30) == 0


@pytest.mark.parametrize("before", [0, 1, 8, 20])
def test_a_new_client_reads_on_where_the_old_one_was(kafka: Kafka, before: int) -> None:
    topic = kafka.topic(unique("lasting"), partitions=2)
    fill(kafka, topic, 0, 20)
    with closing(LastingConsumer(config(kafka.bootstrap))) as consumer, capture_logs() as told:
        consumer.assign([TopicPartition(topic, 0, 2), TopicPartition(topic, 1, 0)])
        messages = taken(consumer, lambda some: len(some) >= min(before, 18))
        consumer._look(FORGOTTEN)
        fill(kafka, topic, 20, 30)
        messages += taken(consumer, lambda some: len(messages) + len(some) >= 28)
    values = sorted(int(one.value() or b"") for one in messages)
    assert values == [1, 3, *range(4, 30)]
    assert [one["log_level"] for one in told] == ["warning"]


def test_a_client_that_knows_brokers_is_kept(kafka: Kafka) -> None:
    topic = kafka.topic(unique("kept"), partitions=1)
    looks: list[str] = []
    with closing(LastingConsumer(config(kafka.bootstrap))) as consumer, capture_logs() as told:
        watched(consumer, looks)
        consumer.assign([TopicPartition(topic, 0, 0)])
        taken(consumer, lambda _: len(looks) > 20)
    assert told == []


def test_a_broker_that_is_away_is_waited_for() -> None:
    looks: list[str] = []
    with closing(LastingConsumer(config("127.0.0.1:1"))) as consumer, capture_logs() as told:
        watched(consumer, looks)
        consumer.assign([TopicPartition("topic", 0, 0)])
        errors: list[KafkaError | None] = []
        while len(looks) <= 20:
            errors += [one.error() for one in consumer.consume(10, 0.05)]
        assert all(errors)
    assert told == []


def watched(consumer: LastingConsumer, looks: list[str]) -> None:
    """Let the consumer begin again with a client whose looks are counted too."""
    look = consumer._look

    def counted(statistics: str) -> None:
        looks.append(statistics)
        look(statistics)

    consumer.close()
    again = LastingConsumer({**consumer._config, "stats_cb": counted})
    consumer._consumer = again._consumer
