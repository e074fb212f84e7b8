"""The servers of the tests really answer."""

import urllib.error

import pytest
from influxdb_client.client.write_api import SYNCHRONOUS

from tests.services.influxdb import InfluxDB
from tests.services.kafka import Kafka
from tests.services.names import unique


def test_a_message_written_to_kafka_is_read_back(kafka: Kafka) -> None:
    topic = kafka.topic(partitions=2)
    producer = kafka.producer()
    producer.produce(topic, b"value", b"key", partition=1, timestamp=1_000)
    producer.flush()
    (message,) = kafka.read(topic)
    assert (message.partition(), message.offset()) == (1, 0)
    assert (message.key(), message.value(), message.timestamp()[1]) == (b"key", b"value", 1_000)


def test_an_empty_topic_ends_at_offset_0_in_each_partition(kafka: Kafka) -> None:
    topic = kafka.topic(partitions=3)
    assert kafka.end_offsets(topic) == {0: 0, 1: 0, 2: 0}
    assert kafka.read(topic) == []


def test_each_topic_has_a_name_of_its_own(kafka: Kafka) -> None:
    assert kafka.topic() != kafka.topic()


def test_a_point_written_to_influxdb_is_read_back_by_influxql(influxdb: InfluxDB) -> None:
    bucket = influxdb.bucket()
    with influxdb.client() as client, client.write_api(SYNCHRONOUS) as writer:
        writer.write(bucket, record="tide,station=north level=1.5,count=2i 1000000001")
    assert influxdb.influxql(bucket, "SELECT * FROM tide") == [
        {"time": 1_000_000_001, "station": "north", "level": 1.5, "count": 2}
    ]


def test_a_bucket_that_is_not_there_yet_has_no_rows(influxdb: InfluxDB) -> None:
    assert influxdb.influxql(unique("absent"), "SELECT * FROM tide") == []


def test_a_wrong_query_is_told(influxdb: InfluxDB) -> None:
    with pytest.raises(urllib.error.HTTPError, match="400"):
        influxdb.influxql(influxdb.bucket(), "SELECT FROM")
