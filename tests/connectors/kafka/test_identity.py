import pickle

import pytest

from connectors.kafka.identity import Found, TopicWatch, look_for, require_same, why_unreadable
from connectors.kafka.journal_source import JournalPosition, JournalSource
from connectors.kafka.source import Position
from connectors.kafka.topics import topic_identity
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
from tests.services.names import unique
from tests.services.process import wait_until
from tidegauge.errors import Stop
from tidegauge.settings import Settings


def identity(kafka: Kafka, topic: str) -> str:
    return topic_identity(kafka.admin(), topic, PATIENCE_S)


def make_anew(kafka: Kafka, topic: str, messages: int) -> None:
    kafka.delete_topic(topic)
    kafka.topic(topic, partitions=1)
    produce(kafka, topic, events(messages))


def test_a_position_of_a_topic_that_was_made_anew_and_is_longer_stops_the_flow(
    kafka: Kafka, topic: str
) -> None:
    produce(kafka, topic, events(5))
    part = open_part(reading(kafka, topic, identity=identity(kafka, topic)))
    drive(part, enough(5))
    saved = pickle.loads(pickle.dumps(part.snapshot()))  # noqa: S301 - made in this line
    part.close()
    make_anew(kafka, topic, 9)
    with pytest.raises(Stop, match=rf"^kafka: topic '{topic}' was deleted and made anew since its"):
        open_part(reading(kafka, topic, identity=identity(kafka, topic)), saved)


def test_a_topic_that_is_made_anew_and_shorter_while_it_is_read_is_told_with_both_ids(
    kafka: Kafka, topic: str
) -> None:
    produce(kafka, topic, events(5))
    before = identity(kafka, topic)
    part = open_part(reading(kafka, topic, identity=before, bounded=False))
    drive(part, enough(5))
    make_anew(kafka, topic, 2)
    now = identity(kafka, topic)
    with pytest.raises(Stop) as told:
        drive(part)
    one, other = (name.rpartition("/")[2] for name in (before, now))
    assert str(told.value) == (
        f"kafka: topic '{topic}' was deleted and made anew since the flow began (its id was {one}"
        f" and is {other}): its offsets are those of other messages now; to read it from its"
        " beginning, start with an empty recovery directory"
    )


def test_a_topic_that_is_still_there_is_not_why_it_cannot_be_read(kafka: Kafka, topic: str) -> None:
    client = {"bootstrap.servers": kafka.bootstrap}
    assert why_unreadable(client, topic, identity(kafka, topic)) is None
    assert why_unreadable(client, topic, None) is None
    kafka.delete_topic(topic)
    gone = why_unreadable(client, topic, f"{topic}/another")
    assert str(gone).startswith(f"kafka: topic '{topic}' was deleted while the flow used it; ")


def test_a_position_of_the_same_topic_goes_on(kafka: Kafka, topic: str) -> None:
    produce(kafka, topic, events(5))
    how = reading(kafka, topic, identity=identity(kafka, topic))
    part = open_part(how)
    drive(part, enough(5))
    produce(kafka, topic, events(2))
    assert read(drive(open_part(how, part.snapshot()))) == [5, 6]


def test_a_position_of_an_earlier_version_which_knows_no_topic_goes_on(
    kafka: Kafka, topic: str
) -> None:
    produce(kafka, topic, events(5))
    saved = Position.__new__(Position)
    for name, value in (("offset", 3), ("intake", IntakeState()), ("version", 1)):
        object.__setattr__(saved, name, value)
    how = reading(kafka, topic, identity=identity(kafka, topic))
    assert read(drive(open_part(how, saved))) == [3, 4]


def test_a_position_in_a_journal_that_was_made_anew_stops_the_flow(
    kafka: Kafka, topic: str
) -> None:
    settings = Settings(_env_file=None, KAFKA_BOOTSTRAP=kafka.bootstrap)
    source = JournalSource(settings, topic, {}, identity=identity(kafka, topic))
    saved = source.build_part("step", "journal", None).snapshot()
    make_anew(kafka, topic, 9)
    source = JournalSource(settings, topic, {}, identity=identity(kafka, topic))
    with pytest.raises(Stop, match="made anew"):
        source.build_part("step", "journal", saved)
    source.build_part("step", "journal", JournalPosition(0, {}, version=1))


@pytest.mark.parametrize(("saved", "now"), [(None, "b"), ("a", None), ("a", "a")])
def test_what_is_not_known_is_not_refused(saved: str | None, now: str | None) -> None:
    require_same("t", saved, now)


def test_a_topic_is_found_as_it_is(kafka: Kafka) -> None:
    topic = kafka.topic(partitions=3)
    assert look_for(kafka.admin(), topic) == Found(identity(kafka, topic), 3)
    assert look_for(kafka.admin(), unique("absent")) == Found(None, 0)


def test_a_broker_that_is_away_tells_nothing(topic: str) -> None:
    assert look_for(Kafka("127.0.0.1:1").admin(), topic, 0.1) is None


def test_a_topic_that_is_deleted_is_told_after_two_looks(kafka: Kafka, topic: str) -> None:
    watch = TopicWatch(kafka.admin(), topic, identity(kafka, topic))
    watch.look()
    kafka.delete_topic(topic)
    watch.look()
    with pytest.raises(Stop, match=rf"^kafka: topic '{topic}' was deleted while the flow used it"):
        watch.look()


def test_a_topic_that_is_made_anew_is_told(kafka: Kafka, topic: str) -> None:
    watch = TopicWatch(kafka.admin(), topic, identity(kafka, topic))
    make_anew(kafka, topic, 1)
    with pytest.raises(Stop, match="was deleted and made anew since the flow began"):
        watch.look()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_the_watch_dies_of_what_it_finds(kafka: Kafka, topic: str) -> None:
    watch = TopicWatch(kafka.admin(), topic, "another", every_s=0.01)
    watch.start()
    assert wait_until(lambda: not watch._thread.is_alive(), seconds=PATIENCE_S)
    watch.close()
