import pytest

from tests.services.kafka import Kafka


@pytest.fixture
def topic(kafka: Kafka) -> str:
    return kafka.topic(partitions=1)
