"""librdkafka's own mock broker, for what must work on it as in the embedded demo."""

from collections.abc import Iterator
from contextlib import contextmanager

from confluent_kafka import Producer

from connectors.kafka.client import LOG
from tidegauge.settings import Settings


@contextmanager
def mock_cluster() -> Iterator[Settings]:
    """Settings that lead to a mock broker; it lives as long as the `with`."""
    holder = Producer(
        {"bootstrap.servers": "none", "test.mock.num.brokers": 1, "log_level": 0, "logger": LOG}
    )
    brokers = holder.list_topics(timeout=60).brokers.values()
    address = ",".join(f"{broker.host}:{broker.port}" for broker in brokers)
    yield Settings.model_validate({"kafka_bootstrap": address})
    holder.flush(0)
