from confluent_kafka.cimpl import NewPartitions
from structlog.testing import capture_logs

from connectors.kafka.growth import TopicGrowth
from tests.services.kafka import Kafka
from tests.services.process import wait_until


def grow(kafka: Kafka, topic: str, partitions: int) -> None:
    admin = kafka.admin()
    admin.create_partitions([NewPartitions(topic, partitions)])[topic].result(30)


def test_new_partitions_of_a_topic_are_told_of_once(kafka: Kafka) -> None:
    topic = kafka.topic(partitions=1)
    counts: list[int] = []
    growth = TopicGrowth(kafka.admin(), topic, 1, counts.append, every_s=0.05)
    with capture_logs() as logs:
        growth.watch()
        grow(kafka, topic, 2)
        assert wait_until(lambda: len(logs) == 1, seconds=120)
        grow(kafka, topic, 4)
        assert wait_until(lambda: len(logs) > 1, seconds=120)
        growth.close()
    assert [one["partitions"] for one in logs] == [[1], [2, 3]]
    assert all(one["topic"] == topic for one in logs)
    assert counts == [2, 4]
