"""Readers of committed messages see each record once, whatever is killed at whatever moment."""

import json
from dataclasses import replace

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.codecs.messages import Message
from connectors.codecs.records_json import RecordJson
from connectors.kafka.once.position import OutputPosition
from connectors.kafka.once.sink import OncePart, OnceSink, Outlet
from connectors.kafka.once.written import PART
from tests.connectors.samples import SIGNAL, batch, record
from tests.services.kafka import Kafka
from tests.services.names import unique
from tests.services.process import wait_until
from tidegauge.errors import Stop, UserMistake
from tidegauge.fieldtypes import FieldType
from tidegauge.records import RecordBatch
from tidegauge.signals import Column


def outlet_of(kafka: Kafka, *topics: str, batch_bytes: int = 1_000_000) -> Outlet:
    markers = kafka.topic(partitions=1, config={"cleanup.policy": "compact"})
    return Outlet(
        {"bootstrap.servers": kafka.bootstrap},
        unique("output"),
        frozenset(topics),
        markers,
        batch_bytes,
    )


class Output:
    """One part of an output, started again and again."""

    def __init__(self, kafka: Kafka) -> None:
        self.kafka = kafka
        self.topic = kafka.topic(partitions=2)
        self.outlet = outlet_of(kafka, self.topic)
        self.refused: list[Message] = []

    def start(self, saved: OutputPosition | None = None) -> OncePart:
        encoder = RecordJson(SIGNAL, "payments", {})

        def encode(records: RecordBatch) -> list[Message]:
            return encoder.messages(records, self.topic)

        sink = OnceSink(self.outlet, encode, lambda message, _: self.refused.append(message))
        return sink.build_part("out", "00", saved)


@pytest.fixture
def output(kafka: Kafka) -> Output:
    return Output(kafka)


def records(*numbers: int) -> list[RecordBatch]:
    return [batch(*(record(region=str(number)) for number in numbers))]


def seen(output: Output) -> list[str]:
    """Keys of the records that a reader of committed messages sees now."""
    keys = [message.key() or b"" for message in output.kafka.read(output.topic)]
    return sorted(key.decode().removeprefix("spend,region=").partition(",")[0] for key in keys)


def assert_seen(output: Output, expected: list[str]) -> None:
    """A reader of committed messages sees these, once the broker has written the commit down."""
    wait_until(lambda: len(seen(output)) >= len(expected), seconds=120)
    assert seen(output) == expected


def test_records_are_visible_at_the_end_of_the_epoch(output: Output) -> None:
    part = output.start()
    part.write_batch(records(1, 2))
    assert seen(output) == []
    part.snapshot()
    assert_seen(output, ["1", "2"])


def test_an_epoch_that_is_run_again_after_its_commit_comes_once(output: Output) -> None:
    """Killed between the commit to Kafka and the engine's snapshot."""
    part = output.start()
    part.write_batch(records(1))
    saved = part.snapshot()
    part.write_batch(records(2, 3))
    part.snapshot()  # the engine never gets this one
    again = output.start(saved)
    again.write_batch(records(2))
    again.write_batch(records(3, 4))
    again.snapshot()
    assert_seen(output, ["1", "2", "3", "4"])
    assert again.skipped == 2


def test_what_is_still_to_be_made_again_outlives_a_snapshot(output: Output) -> None:
    """The epochs of the second run are shorter than those of the first."""
    part = output.start()
    saved = part.snapshot()
    part.write_batch(records(1, 2, 3))
    part.snapshot()
    again = output.start(saved)
    again.write_batch(records(1))
    saved = again.snapshot()
    third = output.start(saved)
    third.write_batch(records(2, 3, 4))
    third.snapshot()
    assert_seen(output, ["1", "2", "3", "4"])


def test_what_was_not_committed_is_taken_back_by_the_next_start(output: Output) -> None:
    part = output.start()
    saved = part.snapshot()
    part.write_batch(records(1, 2))
    again = output.start(saved)
    again.write_batch(records(1, 2))
    again.snapshot()
    assert_seen(output, ["1", "2"])


def test_a_start_without_a_saved_position_leaves_out_what_is_there(output: Output) -> None:
    """Killed after the first commit and before the engine's first snapshot."""
    part = output.start()
    part.write_batch(records(1, 2))
    part.snapshot()
    again = output.start()
    again.write_batch(records(1, 2, 3))
    again.snapshot()
    assert_seen(output, ["1", "2", "3"])


def test_a_corrected_record_is_another_message() -> None:
    revision = Column("revision", FieldType.INT)
    encoder = RecordJson(replace(SIGNAL, fields=(revision, *SIGNAL.fields)), "payments", {})
    first, corrected = (
        encoder.messages(
            RecordBatch("spend", batch(record()).frame.with_columns(revision=pl.lit(number))), "t"
        )[0]
        for number in (0, 1)
    )
    assert first.identity != corrected.identity


def test_the_one_that_was_there_before_ends_when_a_second_begins(output: Output) -> None:
    part = output.start()
    part.write_batch(records(1))
    output.start()
    with pytest.raises(Stop, match="this pipeline runs twice"):
        part.snapshot()


def test_fencing_ends_what_a_killed_run_left_open(output: Output) -> None:
    part = output.start()
    part.write_batch(records(1))
    OnceSink(output.outlet, lambda _: [], lambda *_: None).fence()
    other = output.kafka.producer()
    other.produce(output.topic, b"plain", key=b"plain", partition=0)
    other.flush(30)
    assert_seen(output, ["plain"])


def test_a_position_in_a_topic_that_was_made_anew_begins_at_its_beginning(output: Output) -> None:
    part = output.start()
    part.write_batch(records(1, 2, 3))
    saved = part.snapshot()
    assert saved.topics.keys() == {output.topic}
    output.kafka.delete_topic(output.topic)
    output.kafka.topic(output.topic, partitions=2)
    second = output.start(saved)
    second.write_batch(records(4))
    second.snapshot()  # the engine never gets this one
    again = output.start(saved)
    again.write_batch(records(4, 5))
    again.snapshot()
    assert_seen(output, ["4", "5"])
    assert again.skipped == 1


def test_a_position_of_an_earlier_version_which_knows_no_topics_goes_on(output: Output) -> None:
    part = output.start()
    part.write_batch(records(1))
    saved = part.snapshot()
    part.write_batch(records(2))
    part.snapshot()
    again = output.start(OutputPosition(saved.offsets, saved.repeated, 1))
    again.write_batch(records(2, 3))
    again.snapshot()
    assert_seen(output, ["1", "2", "3"])


def test_a_marker_in_a_topic_that_was_made_anew_is_not_gone_by(output: Output) -> None:
    part = output.start()
    part.write_batch(records(*range(9)))
    part.snapshot()
    output.start()
    output.kafka.delete_topic(output.topic)
    output.kafka.topic(output.topic, partitions=2)
    second = output.start()
    second.write_batch(records(1, 2))
    second.snapshot()
    again = output.start()
    again.write_batch(records(1, 2, 3))
    again.snapshot()
    assert_seen(output, ["1", "2", "3"])


def of_source(output: Output, **identities: str) -> None:
    """What follows is made of these source topics."""
    output.outlet = replace(output.outlet, sources=identities)


def written_again(output: Output) -> int:
    """How many of a record, that was there before, a start without a saved position writes."""
    part = output.start()
    part.write_batch(records(1))
    part.snapshot()
    return 1 - part.skipped


def test_records_of_a_source_topic_that_was_made_anew_are_others(output: Output) -> None:
    of_source(output, payments="a")
    assert written_again(output) == 1
    of_source(output, payments="b")
    assert written_again(output) == 1
    assert_seen(output, ["1", "1"])
    assert written_again(output) == 0


def test_a_source_topic_that_comes_later_is_noted(output: Output) -> None:
    """At the next start, with a saved position or without."""
    of_source(output, payments="a")
    saved = output.start().snapshot()
    of_source(output, payments="a", refunds="a")
    saved = output.start(saved).snapshot()
    assert written_again(output) == 1
    of_source(output, refunds="b")
    assert written_again(output) == 1
    of_source(output, payments="a", refunds="b")
    assert written_again(output) == 0
    of_source(output, payments="b", refunds="b")
    assert written_again(output) == 1


def test_a_start_with_a_saved_position_does_not_hide_that_a_source_is_another(
    output: Output,
) -> None:
    """Such a start is refused, after its sinks were built."""
    of_source(output, payments="a")
    saved = output.start().snapshot()
    assert written_again(output) == 1
    of_source(output, payments="b", refunds="a")
    output.start(saved)
    assert written_again(output) == 1


def test_a_marker_of_the_first_version_is_gone_by_and_learns_the_sources(output: Output) -> None:
    part = output.start()
    producer = output.kafka.producer()
    begin = [[output.topic, number, 0] for number in range(2)]
    producer.produce(output.outlet.markers, json.dumps(begin), key=b"00")
    producer.flush(30)
    part.write_batch(records(1))
    part.snapshot()
    of_source(output, payments="a")
    assert written_again(output) == 0
    of_source(output, payments="b")
    assert written_again(output) == 1


def test_a_message_names_its_part(output: Output) -> None:
    part = output.start()
    part.write_batch(records(1))
    part.snapshot()
    assert_seen(output, ["1"])
    (message,) = output.kafka.read(output.topic)
    assert dict(message.headers() or [])[PART] == b"00"


def test_a_position_of_another_version_is_refused(output: Output) -> None:
    with pytest.raises(UserMistake, match="version 9"):
        output.start(OutputPosition({}, frozenset(), 9))


@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_sequence_of_kills_gives_each_record_once(kafka: Kafka, data: st.DataObject) -> None:
    """The input is run from the last position the engine has, with epochs cut anywhere."""
    output, total = Output(kafka), 12
    durable: tuple[int, OutputPosition | None] = (0, None)
    for _ in range(data.draw(st.integers(0, 3), label="kills")):
        at, saved = durable
        part = output.start(saved)
        for _ in range(data.draw(st.integers(1, 3), label="epochs")):
            until = data.draw(st.integers(at, total), label="until")
            part.write_batch(records(*range(at, until)))
            at = until
            if data.draw(st.booleans(), label="committed"):
                position = part.snapshot()
                if data.draw(st.booleans(), label="durable"):
                    durable = at, position
    at, saved = durable
    last = output.start(saved)
    last.write_batch(records(*range(at, total)))
    last.snapshot()
    assert_seen(output, sorted(map(str, range(total))))
