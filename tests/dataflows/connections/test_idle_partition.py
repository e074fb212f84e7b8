"""A partition that falls silent: the windows go on without it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pytest
from confluent_kafka import Producer

from benchmarks.flow_process import Member, Shape, running_flow
from benchmarks.private_copy import PrivateCopy, private_copy
from tests.dataflows.heat import BASE_MS, PIPELINE, since_start_s
from tests.dataflows.interrupted import ask_to_end, wait
from tests.services.kafka import Kafka

STEP_S = 2
"""Event time between two readings of partition 0."""


@dataclass
class Feed:
    """A topic of two partitions: 0 goes on step by step, 1 gets what it is told to."""

    copy: PrivateCopy
    topic: str
    producer: Producer
    seconds: Iterator[int] = field(default_factory=lambda: count(step=STEP_S))
    now_s: int = 0

    def send(self, partition: int, machine: str, at_s: int) -> None:
        """Write one reading."""
        reading = {"ts": BASE_MS + at_s * 1_000, "machine": machine, "heat": 10}
        self.producer.produce(self.topic, json.dumps(reading), partition=partition)
        self.producer.flush()

    def go_on(self) -> None:
        """The next reading of partition 0."""
        self.now_s = next(self.seconds)
        self.send(0, "m", self.now_s)

    def rows(self, machine: str, revision: int = 0) -> list[int]:
        """Ends of the window rows of a machine that are stored, in seconds."""
        self.go_on()
        return [
            since_start_s(row)
            for row in self.copy.records("warmth")
            if row["machine"] == machine and row["revision"] == revision
        ]


@pytest.fixture
def feed(tmp_path: Path, kafka: Kafka) -> Iterator[Feed]:
    file = tmp_path / "heat.yaml"
    text = PIPELINE.replace("EVENTS", "false")
    assert "lateness: 30s" in text
    file.write_text(text.replace("lateness: 30s", "lateness: 30s, idle_after: 1s"))
    with private_copy(file, tmp_path, kafka, None) as copy:
        (source,) = copy.pipeline.sources.values()
        yield Feed(copy, kafka.topic(source.kafka.topic, partitions=2), kafka.producer())


@pytest.fixture(params=[Shape(), Shape(workers=2)], ids=str)
def members(request: pytest.FixtureRequest, feed: Feed) -> Iterator[list[Member]]:
    with running_flow(feed.copy.path, request.param, feed.copy.environment) as members:
        yield members


def test_windows_close_without_a_silent_partition(feed: Feed, members: list[Member]) -> None:
    feed.send(1, "n", 3)
    wait(lambda: {10, 20, 30} <= set(feed.rows("m")), members)
    # Another worker stores the rows of the other machine, and may be a moment behind.
    wait(lambda: bool(feed.rows("n")), members)
    assert feed.rows("n") == [10]
    ask_to_end(members)


def test_a_partition_that_never_had_a_message_holds_nothing_back(
    feed: Feed, members: list[Member]
) -> None:
    wait(lambda: {10, 20, 30} <= set(feed.rows("m")), members)
    ask_to_end(members)
