"""Topics that a flow writes to, and that are deleted or made anew meanwhile."""

import pytest

from connectors.kafka.output_watch import OutputWatch
from tests.services.kafka import Kafka
from tests.services.names import unique
from tidegauge.errors import Stop


def test_a_topic_that_is_deleted_is_told_after_two_looks(kafka: Kafka) -> None:
    topic = kafka.topic(partitions=1)
    watch = OutputWatch(kafka.admin(), topic)
    watch.look()
    kafka.delete_topic(topic)
    watch.look()
    with pytest.raises(Stop, match=rf"^kafka: topic '{topic}' was deleted while the flow wrote"):
        watch.look()


def test_a_topic_that_is_made_anew_is_told(kafka: Kafka) -> None:
    topic = kafka.topic(partitions=1)
    watch = OutputWatch(kafka.admin(), topic)
    watch.look()
    kafka.delete_topic(topic)
    kafka.topic(topic, partitions=1)
    with pytest.raises(Stop, match="was deleted and made anew while the flow wrote to it"):
        watch.look()


def test_a_topic_that_is_not_known_yet_may_come(kafka: Kafka) -> None:
    """It was made a moment before, and not every broker may know of it."""
    topic = unique("late")
    watch = OutputWatch(kafka.admin(), topic)
    watch.look()
    kafka.topic(topic, partitions=1)
    watch.look()
    watch.look()
