"""The fixtures `kafka` and `influxdb`: one server a session, own topics and buckets a test."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.services.errors import ServerUnavailableError
from tests.services.influxdb import InfluxDB, running_influxdb
from tests.services.kafka import Kafka, running_kafka

FIXTURES = frozenset({"kafka", "influxdb"})
HOW = "'make services' gets it, or name one in {}"


@pytest.fixture(scope="session")
def kafka() -> Iterator[Kafka]:
    """A real Kafka."""
    with ExitStack() as stack:
        try:
            server = stack.enter_context(running_kafka())
        except ServerUnavailableError as error:
            pytest.skip(f"no Kafka: {error}; {HOW.format('KAFKA_BOOTSTRAP')}")
        yield server


@pytest.fixture(scope="session")
def influxdb() -> Iterator[InfluxDB]:
    """A real InfluxDB 2."""
    with ExitStack() as stack:
        try:
            server = stack.enter_context(running_influxdb())
        except ServerUnavailableError as error:
            pytest.skip(f"no InfluxDB: {error}; {HOW.format('INFLUXDB_URL, _TOKEN and _ORG')}")
        yield server
