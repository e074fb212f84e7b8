"""Topics to read must be there; topics to write are made."""

import pytest
from confluent_kafka.admin import AdminClient

from connectors.kafka.client import preflight
from connectors.kafka.topics import ensure_topics, require_topic
from tests.connectors.kafka.mock_cluster import mock_cluster
from tests.services.kafka import Kafka
from tests.services.names import unique
from tidegauge.errors import UserMistake
from tidegauge.settings import Settings

TIMEOUT_S = 20.0


@pytest.fixture
def admin(kafka: Kafka) -> AdminClient:
    return preflight(Settings.model_validate({"kafka_bootstrap": kafka.bootstrap}))


def test_the_partitions_of_a_topic_are_counted(kafka: Kafka, admin: AdminClient) -> None:
    assert require_topic(admin, kafka.topic(partitions=3), TIMEOUT_S) == 3


def test_a_missing_topic_is_told_with_near_ones_and_is_not_made(
    kafka: Kafka, admin: AdminClient
) -> None:
    topic = kafka.topic(unique("turnstiles"))
    missing = topic.replace("turnstiles", "turnstile")
    for _ in range(2):
        with pytest.raises(UserMistake) as error:
            require_topic(admin, missing, TIMEOUT_S)
        assert f"Kafka topic {missing!r} does not exist (near names: {topic}" in str(error.value)


def test_a_missing_topic_without_a_like_one_is_told(admin: AdminClient) -> None:
    with pytest.raises(UserMistake, match="no topic there has a like name"):
        require_topic(admin, "§", TIMEOUT_S)


def test_topics_that_are_missing_are_made_and_those_there_are_kept(
    kafka: Kafka, admin: AdminClient
) -> None:
    there, missing = kafka.topic(partitions=3), unique("made")
    ensure_topics(admin, [there, missing], TIMEOUT_S)
    ensure_topics(admin, [there, missing], TIMEOUT_S)
    assert require_topic(admin, there, TIMEOUT_S) == 3
    assert kafka.end_offsets(missing)
    kafka.delete_topic(missing)


def test_a_topic_that_cannot_be_made_is_told(admin: AdminClient) -> None:
    with pytest.raises(UserMistake, match="Kafka topic 'not a name' cannot be made") as error:
        ensure_topics(admin, ["not a name"], TIMEOUT_S)
    assert "\n" not in str(error.value)


def test_topics_are_made_on_the_mock_broker_too() -> None:
    with mock_cluster() as settings:
        admin = preflight(settings)
        with pytest.raises(UserMistake, match="does not exist"):
            require_topic(admin, "payments", TIMEOUT_S)
        ensure_topics(admin, ["payments"], TIMEOUT_S)
        assert require_topic(admin, "payments", TIMEOUT_S) == 4
