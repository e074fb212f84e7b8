"""Rendered files, and stores to ask their queries of."""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.grafana.browser.display import Display, display
from tests.grafana.filled import NAMES, Filled, filled
from tests.grafana.schema.checker import TypeChecker, checker
from tests.grafana.tally import tally
from tests.grafana.written import Written, oddly
from tests.services.errors import ServerUnavailableError
from tests.services.influxdb import InfluxDB
from tests.services.kafka import Kafka

HOW = "'apt-get install nodejs npm' gets them, and npm the rest"


@pytest.fixture
def checked(request: pytest.FixtureRequest) -> Counter[str]:
    """Counts of what was checked, for the summary."""
    return tally(request.config)


@pytest.fixture(scope="session")
def stores(
    kafka: Kafka, influxdb: InfluxDB, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Mapping[str, Filled]]:
    """The example pipelines, each with a store that its flow has filled."""
    with ExitStack() as stack:
        folder = tmp_path_factory.mktemp("filled")
        yield {name: stack.enter_context(filled(name, folder, kafka, influxdb)) for name in NAMES}


@pytest.fixture(scope="session")
def types(tmp_path_factory: pytest.TempPathFactory) -> TypeChecker:
    """The types that Grafana publishes, and a compiler that checks against them."""
    try:
        return checker(Path(tmp_path_factory.mktemp("types")))
    except ServerUnavailableError as error:
        pytest.skip(f"no type checker: {error}; {HOW}")


@pytest.fixture(scope="session")
def shows(tmp_path_factory: pytest.TempPathFactory) -> Display:
    """Grafana's own library, which says what is shown of an answer."""
    try:
        return display(Path(tmp_path_factory.mktemp("display")))
    except ServerUnavailableError as error:
        pytest.skip(f"no display: {error}; {HOW}")


@pytest.fixture(scope="session")
def odd(influxdb: InfluxDB) -> Written:
    """A store whose keys are odd."""
    return oddly(influxdb)
