import pytest
from confluent_kafka import TopicPartition

from connectors.kafka.source import Position
from operators.intake.intake import IntakeState
from tests.connectors.kafka.reading import (
    PATIENCE_S,
    drive,
    enough,
    events,
    open_part,
    produce,
    read,
    reading,
)
from tests.services.kafka import Kafka
from tidegauge.errors import Stop


def delete_before(kafka: Kafka, topic: str, offset: int) -> None:
    admin = kafka.admin()
    asked = TopicPartition(topic, 0, offset)
    for future in admin.delete_records([asked]).values():
        future.result(PATIENCE_S)


def test_what_was_deleted_before_the_first_start_is_not_missed(kafka: Kafka, topic: str) -> None:
    produce(kafka, topic, events(10))
    delete_before(kafka, topic, 4)
    assert read(drive(open_part(reading(kafka, topic)))) == [4, 5, 6, 7, 8, 9]


def test_it_goes_on_at_the_saved_position_with_the_saved_state(kafka: Kafka, topic: str) -> None:
    produce(kafka, topic, events(20))
    how = reading(kafka, topic, batch_size=10)
    part = open_part(how)
    first = drive(part, enough(10))
    resumed = drive(open_part(how, part.snapshot()))
    assert read(first) + read(resumed) == list(range(20))
    assert resumed[-1].counts.read == 20
    assert resumed[0].progress.watermark_ns > first[0].progress.watermark_ns


def test_a_saved_position_at_the_end_is_no_fault(kafka: Kafka, topic: str) -> None:
    produce(kafka, topic, events(3))
    resumed = drive(open_part(reading(kafka, topic), Position(3, IntakeState())))
    assert read(resumed) == []


@pytest.mark.parametrize(
    ("position", "said"), [(2, "begins at 5 and ends before 10"), (99, "ends before 10")]
)
def test_a_saved_position_that_is_gone_stops_the_flow(
    kafka: Kafka, topic: str, position: int, said: str
) -> None:
    produce(kafka, topic, events(10))
    delete_before(kafka, topic, 5)
    for bounded in (True, False):
        with pytest.raises(Stop, match=rf"kafka: {topic}-0: position {position}, .*{said}") as one:
            open_part(reading(kafka, topic, bounded=bounded), Position(position, IntakeState()))
        assert "empty recovery directory" in str(one.value)


def test_a_position_that_is_deleted_while_it_is_read_stops_the_flow(
    kafka: Kafka, topic: str
) -> None:
    produce(kafka, topic, events(10))
    delete_before(kafka, topic, 5)
    part = open_part(reading(kafka, topic))
    part._reader._consumer.assign([TopicPartition(topic, 0, 2)])
    with pytest.raises(Stop, match=f"kafka: {topic}-0: position 5, .* no longer exists"):
        drive(part)


def test_latest_begins_at_the_end_and_remembers_it_though_nothing_came(
    kafka: Kafka, topic: str
) -> None:
    produce(kafka, topic, events(3))
    how = reading(kafka, topic, start="latest", bounded=False)
    position = open_part(how).snapshot()
    assert position.offset == 3
    produce(kafka, topic, events(2))
    assert read(drive(open_part(how, position), enough(2))) == [3, 4]
