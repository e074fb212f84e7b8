"""What is read in an epoch is bounded, for it lies in memory while others stall."""

import polars as pl
import pytest
from confluent_kafka import Producer

from connectors.kafka import reader
from connectors.kafka.budget import EpochBudget, size_of
from tests.connectors.kafka.reading import drive, events, open_part, produce, read, reading
from tests.operators.intake.stream import message, raw
from tests.services.kafka import Kafka


def test_tombstones_have_no_size() -> None:
    assert size_of(raw([b"abc", None, b"", b"d"])) == 4


def test_a_partition_waits_for_its_epoch_once_all_have_spent_what_there_is() -> None:
    budget = EpochBudget(10)
    budget.spend(0, raw([b"x" * 9]))
    assert not budget.exhausted(0)
    budget.spend(1, raw([b"x"]))
    assert budget.exhausted(0)
    assert budget.exhausted(1)
    budget.begin(0)
    assert not budget.exhausted(0)


def test_a_partition_that_has_read_nothing_is_never_kept_waiting() -> None:
    budget = EpochBudget(10)
    budget.spend(0, raw([b"x" * 20]))
    assert not budget.exhausted(1)


def test_without_a_limit_nothing_waits() -> None:
    budget = EpochBudget(None)
    budget.spend(0, raw([b"x" * 20]))
    assert not budget.exhausted(0)


def test_a_source_reads_a_batch_more_than_its_limit_and_goes_on_after_a_snapshot(
    kafka: Kafka,
) -> None:
    topic = kafka.topic(partitions=1)
    sent = events(40)
    produce(kafka, topic, sent)
    limit = size_of(raw(sent[:15]))
    part = open_part(reading(kafka, topic, batch_size=10, epoch_bytes=limit))
    batches = drive(part, lambda got: len(got) == 2)
    for _ in range(20):
        assert part.next_batch() == []
        assert part.next_awake() is not None
    part.snapshot()
    assert read(batches + drive(part, lambda got: len(got) == 2)) == list(range(40))


def test_a_batch_of_large_messages_has_few_of_them(
    kafka: Kafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "_MOST_BYTES", 100_000)
    topic = kafka.topic(partitions=1)
    sent = [message(ts=1_000 * number, pad="x" * 1_000) for number in range(2_000)]
    produce(kafka, topic, sent)
    part = open_part(reading(kafka, topic, batch_size=20_000))
    batches = drive(part, lambda got: sum(one.on_time.height for one in got) == len(sent))
    # A piece of the client's is 500 messages.
    assert max(one.on_time.height for one in batches) <= 500
    assert read(batches) == list(range(2_000))


def test_headers_are_let_go_of_one_by_one_and_attempts_are_found(kafka: Kafka) -> None:
    topic = kafka.topic(partitions=1)
    producer = Producer({"bootstrap.servers": kafka.bootstrap})
    again = [("tidegauge-origin", b"t-0@7"), ("tidegauge-attempt", b"2")]
    for number in range(6):
        headers: list[tuple[str, str | bytes | None]] = [("h", b"x" * 1_000)] * 10
        headers += again if number % 2 else []
        producer.produce(topic, message(v="wrong"), headers=headers, partition=0)
    producer.flush(30)
    batches = drive(open_part(reading(kafka, topic)), bool)
    letters = pl.concat([one.dead_letters for one in batches])
    assert letters.select("offset", "attempt").rows() == [(at, 1 + at % 2) for at in range(6)]
