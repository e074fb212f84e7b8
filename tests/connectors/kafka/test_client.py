"""An absent broker is said in one line, and nothing else is."""

import socket

import pytest

from connectors.kafka.client import Faults, preflight
from tests.services.kafka import Kafka
from tidegauge.errors import UserMistake
from tidegauge.settings import Settings

SOON_S, KNOWN_S = 0.5, 3.0
"""How long is tried where any answer will do, and where the reason must be known by then."""


def mistake(bootstrap: str, timeout_s: float = SOON_S) -> str:
    settings = {"kafka_bootstrap": bootstrap, "start_timeout_s": timeout_s}
    with pytest.raises(UserMistake) as error:
        preflight(Settings.model_validate(settings))
    assert "\n" not in str(error.value)
    return str(error.value)


def test_nobody_listening_is_told() -> None:
    said = mistake("127.0.0.1:1", KNOWN_S)
    assert said.startswith("KAFKA_BOOTSTRAP=127.0.0.1:1: no Kafka broker answered within 3 s")
    assert "Connection refused" in said


def test_a_host_that_is_not_known_is_told() -> None:
    assert "Failed to resolve 'nowhere.invalid:9092'" in mistake("nowhere.invalid:9092", KNOWN_S)


def test_something_that_does_not_speak_kafka_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        said = mistake(f"127.0.0.1:{silent.getsockname()[1]}")
    assert "no Kafka broker answered" in said


@pytest.mark.parametrize("bootstrap", ["", " "])
def test_no_address_is_told(bootstrap: str) -> None:
    assert mistake(bootstrap) == "KAFKA_BOOTSTRAP is empty: set it to the broker's host:port"


def test_the_library_says_nothing_by_itself(capfd: pytest.CaptureFixture[str]) -> None:
    mistake("127.0.0.1:1")
    assert capfd.readouterr() == ("", "")


def test_a_broker_that_answers_is_ready_to_be_asked(kafka: Kafka) -> None:
    settings = Settings.model_validate({"kafka_bootstrap": kafka.bootstrap})
    topic = kafka.topic()
    assert topic in preflight(settings).list_topics(timeout=60).topics


def test_without_a_fault_there_is_another_reason() -> None:
    assert Faults().reason("nothing is known") == "nothing is known"
