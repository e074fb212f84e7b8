"""The sink has delivered when it is snapshot, or says what went wrong."""

import os

import pytest

from connectors.codecs.messages import Message
from connectors.kafka.sink import Encoder, KafkaSink
from connectors.partitions import RecordPart
from tests.connectors.kafka.mock_cluster import mock_cluster
from tests.connectors.samples import batch, record
from tests.services.kafka import Kafka
from tests.services.names import unique
from tidegauge.errors import Retry, Stop
from tidegauge.records import RecordBatch
from tidegauge.settings import Settings

Rejected = list[tuple[Message, str]]


def part(
    bootstrap: str, encoder: Encoder, rejected: Rejected | None = None, timeout_s: float = 60
) -> RecordPart:
    settings = Settings.model_validate({"kafka_bootstrap": bootstrap})

    def reject(message: Message, reason: str) -> None:
        if rejected is not None:
            rejected.append((message, reason))

    return KafkaSink(settings, encoder, reject, timeout_s=timeout_s).build_part("out", "00", None)


def written(to: RecordPart, *batches: RecordBatch) -> None:
    """An epoch of one write."""
    to.write_batch(list(batches))
    to.snapshot()


def notes_to(topic: str) -> Encoder:
    """Encoder that sends each record's note."""

    def encode(records: RecordBatch) -> list[Message]:
        notes = records.frame["note"].to_list()
        return [Message(topic, b"key", note.encode(), [("a", b"1"), ("b", b"")]) for note in notes]

    return encode


def test_messages_are_stored_in_order_with_key_and_headers(kafka: Kafka) -> None:
    topic = kafka.topic(partitions=1)
    made = part(kafka.bootstrap, notes_to(topic))
    written(made, batch(record(note="1"), record(note="2")), batch(record(note="3")))
    stored = kafka.read(topic)
    assert [message.value() for message in stored] == [b"1", b"2", b"3"]
    assert stored[0].key() == b"key"
    assert stored[0].headers() == [("a", b"1"), ("b", b"")]


def test_a_part_that_waits_ends_as_it_is_told() -> None:
    """Long before its time is over."""
    told: list[str] = []

    def waits(why: str) -> None:
        told.append(why)
        if len(told) == 2:
            raise Stop("the topic was deleted")

    settings = Settings.model_validate({"kafka_bootstrap": "127.0.0.1:1"})
    sink = KafkaSink(settings, notes_to("t"), lambda *_: None, timeout_s=3_600, waits=waits)
    with pytest.raises(Stop, match="the topic was deleted"):
        written(sink.build_part("out", "00", None), batch(record(note="1")))
    assert told[0].startswith("Kafka is yet to store 1 messages")


def test_nothing_to_send_sends_nothing(kafka: Kafka) -> None:
    topic = kafka.topic()
    written(part(kafka.bootstrap, notes_to(topic)), batch())
    assert kafka.read(topic) == []


def test_a_message_larger_than_the_topic_allows_is_reported_and_the_others_are_stored(
    kafka: Kafka,
) -> None:
    topic = kafka.topic(partitions=1, config={"max.message.bytes": "20000"})
    rejected: Rejected = []
    large = os.urandom(30_000).hex()
    made = part(kafka.bootstrap, notes_to(topic), rejected)
    written(made, batch(record(note="1"), record(note=large), record(note="2")))
    written(made, batch(record(note="3")))
    reason = "larger than the topic's max.message.bytes"
    assert [(message.value, why) for message, why in rejected] == [(large.encode(), reason)]
    assert sorted(message.value() or b"" for message in kafka.read(topic)) == [b"1", b"2", b"3"]


def test_small_messages_that_are_too_large_only_together_are_stored(kafka: Kafka) -> None:
    topic = kafka.topic(partitions=1, config={"max.message.bytes": "20000"})
    rejected: Rejected = []
    notes = [os.urandom(1_000).hex() for _ in range(50)]
    made = part(kafka.bootstrap, notes_to(topic), rejected)
    written(made, batch(*(record(note=note) for note in notes)))
    assert rejected == []
    assert sorted(message.value() or b"" for message in kafka.read(topic)) == sorted(
        note.encode() for note in notes
    )


def test_a_broker_that_is_away_is_told_of_in_a_line(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Retry, match="Connection refused") as error:
        written(part("127.0.0.1:1", notes_to("any"), timeout_s=3), batch(record()))
    assert "\n" not in str(error.value)
    assert capfd.readouterr() == ("", "")


def test_a_message_that_no_topic_takes_stops_the_flow(kafka: Kafka) -> None:
    with pytest.raises(Stop, match="Kafka refuses messages for topic 'not a name'"):
        written(part(kafka.bootstrap, notes_to("not a name")), batch(record()))


def test_more_messages_than_the_queue_holds_are_all_stored(kafka: Kafka) -> None:
    topic = unique("many")
    kafka.topic(topic, partitions=1)

    def encode(records: RecordBatch) -> list[Message]:
        return [Message(topic, b"k", b"v")] * (150_000 * len(records))

    written(part(kafka.bootstrap, encode), batch(record()))
    assert kafka.end_offsets(topic) == {0: 150_000}
    kafka.delete_topic(topic)


def test_the_mock_broker_of_the_demo_stores_messages() -> None:
    with mock_cluster() as settings:
        made = part(settings.kafka_bootstrap, notes_to("topic"))
        made.write_batch([batch(record(note="1"))])
        made.close()
        assert Kafka(settings.kafka_bootstrap).read("topic")[0].value() == b"1"
