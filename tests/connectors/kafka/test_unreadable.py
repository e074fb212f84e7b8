import json
from contextlib import closing
from dataclasses import replace
from typing import Any, cast

import pytest
from confluent_kafka import Message
from structlog.testing import capture_logs

from connectors.kafka.consumer import LastingConsumer
from connectors.kafka.source import Position, Reading
from connectors.kafka.to_end import TopicReader
from tests.connectors.kafka.batches import append, cut_in_two, gzip_bomb, zstd_bomb
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
from tests.connectors.kafka.test_open_transactions import transaction
from tests.services.kafka import Kafka
from tests.services.process import wait_until
from tidegauge.batch import EventBatch
from tidegauge.errors import Stop


def often_looked_at(how: Reading) -> Reading:
    return replace(how, client={**how.client, "statistics.interval.ms": 200})


def unreadable(batches: list[EventBatch]) -> list[list[int]]:
    """Offsets that letters say cannot be read, first and last."""
    return [
        json.loads(detail)["offsets"]
        for batch in batches
        for kind, detail in batch.dead_letters.select("kind", "detail").rows()
        if kind == "unreadable"
    ]


def test_a_bomb_is_a_letter_and_reading_goes_on_behind_it(kafka: Kafka, topic: str) -> None:
    produce(kafka, topic, events(3))
    assert append(kafka.bootstrap, topic, zstd_bomb()) == 3
    produce(kafka, topic, events(3, start=3))
    part = open_part(reading(kafka, topic, bounded=False, on_unreadable="skip"))
    with capture_logs() as logs:
        batches = drive(part, enough(7))
    assert read(batches) == list(range(7))
    assert unreadable(batches) == [[3, 3]]
    (told,) = [one for one in logs if one["log_level"] == "error"]
    assert (told["topic"], told["partition"]) == (topic, 0)
    assert (told["offset"], told["last_offset"]) == (3, 3)
    assert "Decompression (codec 0x4)" in told["reason"]
    assert "Invalid compressed data" in told["reason"]


class Slow:
    """A consumer that is asked first when messages and two errors about a bomb have come."""

    def __init__(self, consumer: LastingConsumer) -> None:
        self._consumer = consumer
        self._asked = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._consumer, name)

    def consume(self, most: int, wait_s: float) -> list[Message]:
        if self._asked:
            return self._consumer.consume(most, wait_s)
        self._asked = True
        found: list[Message] = []
        while sum(one.error() is not None for one in found) < 2:
            found += self._consumer.consume(1, PATIENCE_S)
        return found


def test_what_came_before_a_bomb_is_passed_on_before_the_bomb(kafka: Kafka, topic: str) -> None:
    produce(kafka, topic, events(3))
    append(kafka.bootstrap, topic, zstd_bomb(2))
    produce(kafka, topic, events(1))
    part = open_part(reading(kafka, topic, bounded=False, on_unreadable="skip"))
    part._reader._consumer = cast("LastingConsumer", Slow(part._reader._consumer))
    batches = drive(part, enough(5))
    assert read(batches) == [0, 1, 2, 3, 5]
    assert unreadable(batches) == [[3, 4]]


@pytest.mark.parametrize("records", [2, 3, 17, 1_000])
def test_exactly_the_messages_of_the_batch_are_passed_over(
    kafka: Kafka, topic: str, records: int
) -> None:
    """Also where other bombs and single good messages follow."""
    for _ in range(3):
        append(kafka.bootstrap, topic, zstd_bomb(records))
        produce(kafka, topic, events(1))
    batches = drive(open_part(reading(kafka, topic, on_unreadable="skip")))
    first = [number * (records + 1) for number in range(3)]
    assert unreadable(batches) == [[one, one + records - 1] for one in first]
    good = [offset for batch in batches for offset in batch.on_time["_offset"]]
    assert good == [one + records for one in first]


def test_a_bomb_at_the_end_is_passed_over_and_what_comes_later_is_read(
    kafka: Kafka, topic: str
) -> None:
    append(kafka.bootstrap, topic, zstd_bomb(5))
    part = open_part(reading(kafka, topic, bounded=False, on_unreadable="skip"))
    assert unreadable(drive(part, bool)) == [[0, 4]]
    assert part.snapshot().offset == 5
    produce(kafka, topic, events(2))
    assert read(drive(part, enough(2))) == [5, 6]


def test_a_reading_that_begins_within_a_bomb_tells_what_it_missed(kafka: Kafka, topic: str) -> None:
    append(kafka.bootstrap, topic, zstd_bomb(5))
    produce(kafka, topic, events(1))
    how = reading(kafka, topic, on_unreadable="skip")
    assert unreadable(drive(open_part(how, Position(2, None)))) == [[2, 4]]


def test_a_bomb_behind_the_end_of_a_bounded_reading_is_not_of_it(kafka: Kafka, topic: str) -> None:
    produce(kafka, topic, events(2))
    part = open_part(reading(kafka, topic, on_unreadable="stop"))
    append(kafka.bootstrap, topic, zstd_bomb())
    part._reader._consumer = cast("LastingConsumer", Slow(part._reader._consumer))
    assert read(drive(part)) == [0, 1]


def test_a_letter_begins_with_the_bomb_where_nothing_for_readers_lies_before_it(
    kafka: Kafka, topic: str
) -> None:
    with transaction(kafka, topic, events(3)) as upstream:
        upstream.abort_transaction(PATIENCE_S)
    with closing(TopicReader({"bootstrap.servers": kafka.bootstrap}, PATIENCE_S)) as reader:
        # The broker writes the mark of the end of the transaction when it has said that it ended.
        assert wait_until(lambda: reader.range((topic, 0)) == (0, 4), seconds=PATIENCE_S)
    assert append(kafka.bootstrap, topic, zstd_bomb(2)) == 4
    batches = drive(open_part(reading(kafka, topic, on_unreadable="skip")))
    assert unreadable(batches) == [[4, 5]]


def test_where_reading_is_to_stop_one_line_says_where_why_and_what_to_do(
    kafka: Kafka, topic: str
) -> None:
    produce(kafka, topic, events(3))
    append(kafka.bootstrap, topic, zstd_bomb())
    part = open_part(reading(kafka, topic, on_unreadable="stop"))
    with pytest.raises(Stop) as stopped:
        drive(part)
    line = str(stopped.value)
    assert line.startswith(f"kafka: {topic}-0: the batch of messages at offset 3 cannot be read (")
    assert "Decompression (codec 0x4)" in line
    assert "dead_letters.on_unreadable: skip" in line


def test_a_restart_after_it_and_a_replay_give_the_same(kafka: Kafka, topic: str) -> None:
    produce(kafka, topic, events(3))
    append(kafka.bootstrap, topic, zstd_bomb(4))
    produce(kafka, topic, events(3, start=3))
    how = reading(kafka, topic, on_unreadable="skip")
    whole = drive(open_part(how))
    single = reading(kafka, topic, on_unreadable="skip", bounded=False, batch_size=1)
    begun = open_part(single)
    batches = drive(begun, enough(4))
    resumed = drive(open_part(how, begun.snapshot()))
    for kind in ("on_time", "dead_letters"):
        frames = [
            [row for batch in run for row in getattr(batch, kind).rows()]
            for run in (whole, batches + resumed)
        ]
        assert frames[0] == frames[1]
    assert whole[-1].counts == resumed[-1].counts


def test_a_batch_about_which_the_client_says_nothing_is_found_by_its_standing_still(
    kafka: Kafka, topic: str
) -> None:
    produce(kafka, topic, events(3))
    append(kafka.bootstrap, topic, cut_in_two([b"first", b"second"]))
    produce(kafka, topic, events(3, start=3))
    how = reading(kafka, topic, bounded=False, on_unreadable="skip", stalled_after_s=1.0)
    part = open_part(often_looked_at(how))
    with capture_logs() as logs:
        batches = drive(part, enough(7))
    assert unreadable(batches) == [[3, 4]]
    assert read(batches) == [0, 1, 2, 3, 5, 6, 7]
    stands = [one for one in logs if "stands still" in one["event"]]
    assert [(one["offset"], one["end"]) for one in stands] == [(3, 8)]


def test_one_large_message_is_a_message(kafka: Kafka, topic: str) -> None:
    append(kafka.bootstrap, topic, gzip_bomb(20_000_000))
    (batch,) = drive(open_part(reading(kafka, topic)))[:1]
    assert batch.dead_letters["kind"].to_list() == ["too_large"]
    assert batch.dead_letters["size"].to_list() == [20_000_000]
