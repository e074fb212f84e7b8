"""A topic that grows while it is read or between two runs, and a bound that is raised."""

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import pytest
from bytewax.recovery import init_db_dir
from confluent_kafka.cimpl import NewPartitions

from benchmarks.flow_process import Member, Shape, run_flow, running_flow
from benchmarks.private_copy import PrivateCopy, private_copy
from connectors.codecs.journal_json import read_entry
from connectors.recovery.contents import read_contents
from tests.dataflows.connections.test_journal import records
from tests.dataflows.heat import BASE_MS, PIPELINE
from tests.dataflows.interrupted import ask_to_end, wait
from tests.services.kafka import Kafka
from tidegauge.journal import Claim

LATENESS_S = 10
ALONE, TWO = Shape(), Shape(processes=2)


@dataclass
class Stream:
    """A topic, and what a flow has made of it."""

    copy: PrivateCopy
    topic: str
    kafka: Kafka
    options: list[str]
    sent: int = 0

    def send(self, partition: int, begin_s: int, end_s: int) -> None:
        """A reading a second."""
        producer = self.kafka.producer()
        for second in range(begin_s, end_s):
            reading = {"ts": BASE_MS + second * 1_000, "machine": f"m{partition}", "heat": 1}
            producer.produce(self.topic, json.dumps(reading), partition=partition)
            self.sent += 1
        producer.flush()

    def grow(self, partitions: int) -> None:
        """Give the topic more partitions."""
        admin = self.kafka.admin()
        admin.create_partitions([NewPartitions(self.topic, partitions)])[self.topic].result(30)

    def edit(self, old: str, new: str) -> None:
        """Change the pipeline file."""
        text = self.copy.path.read_text()
        assert old in text
        self.copy.path.write_text(text.replace(old, new))

    def told(self) -> dict[str, int]:
        """How many events are in windows, and how many in letters."""
        newest: dict[tuple[str, int], tuple[int, int]] = {}
        for row in self.copy.records("warmth"):
            key = row["machine"], row["time_ns"]
            newest[key] = max(newest.get(key, (-1, 0)), (row["revision"], row["readings"]))
        letters = {(one["partition"], one["offset"]) for one in self.copy.records("dead_letters")}
        return {"windows": sum(count for _, count in newest.values()), "letters": len(letters)}

    def accounted(self) -> bool:
        """Whether every reading that was sent is in a window or in a letter."""
        return sum(self.told().values()) == self.sent

    def running(self, shape: Shape) -> AbstractContextManager[list[Member]]:
        """The flow, saving its state."""
        return running_flow(self.copy.path, shape, self.copy.environment, self.options)

    def replayed_equal(self, shape: Shape) -> bool:
        """Whether a run over all of it again makes each record once more and no others."""
        left = records(self.copy)
        run_flow(self.copy.path, shape, self.copy.environment)
        replayed = records(self.copy) - left
        return set(left) <= set(replayed) and replayed.total() == len(replayed)


@pytest.fixture
def stream(tmp_path: Path, kafka: Kafka) -> Iterator[Stream]:
    folder = tmp_path / "recovery"
    folder.mkdir()
    init_db_dir(folder, 2)  # type: ignore[no-untyped-call]  # it has no types
    file = tmp_path / "heat.yaml"
    text = PIPELINE.replace("EVENTS", "false")
    file.write_text(text.replace("lateness: 30s", f"lateness: {LATENESS_S}s, idle_after: 3s"))
    with private_copy(file, tmp_path, kafka, None) as copy:
        (source,) = copy.pipeline.sources.values()
        topic = kafka.topic(source.kafka.topic, partitions=2)
        yield Stream(copy, topic, kafka, ["-r", str(folder), "-s", "1", "-b", "0"])


@pytest.mark.parametrize(("shape", "again"), [(ALONE, TWO), (TWO, ALONE)], ids=str)
def test_partitions_that_come_while_a_topic_is_read_are_read_without_a_restart(
    stream: Stream, shape: Shape, again: Shape
) -> None:
    stream.send(0, 0, 50)
    stream.send(1, 0, 50)
    with stream.running(shape) as members:
        wait(lambda: stream.told()["windows"] >= 80, members)
        stream.grow(4)
        stream.send(2, 20, 60)
        stream.send(3, 35, 70)
        stream.send(0, 50, 80)
        wait(lambda: stream.told()["letters"] > 0, members)
        wait(stream.accounted, members)
        ask_to_end(members)
    stream.send(2, 100, 130)
    stream.send(3, 100, 130)
    with stream.running(again) as members:
        wait(stream.accounted, members)
        ask_to_end(members)
    positions = read_contents(Path(stream.options[1])).positions
    read = {one.partition: one.offset for one in positions if one.step.startswith("read_")}
    assert read == stream_ends(stream)
    assert stream.replayed_equal(Shape(batch_size=7))


def stream_ends(stream: Stream) -> dict[str, int]:
    ends = stream.kafka.end_offsets(stream.topic)
    return {f"{stream.topic}-{number}": end for number, end in ends.items()}


def test_new_partitions_begin_at_their_first_message_whatever_start_says(stream: Stream) -> None:
    stream.edit("start: earliest", "start: latest")
    stream.send(0, 0, 1)
    stream.sent = 0
    with stream.running(ALONE) as members:
        wait(lambda: claimed(stream) == {0, 1}, members)
        stream.send(0, 1, 30)
        wait(lambda: stream.told()["windows"] > 0, members)
        ask_to_end(members)
    stream.grow(3)
    stream.send(2, 15, 40)
    with stream.running(ALONE) as members:
        wait(lambda: claimed(stream) == {0, 1, 2}, members)
        stream.grow(4)
        stream.send(3, 20, 40)
        wait(stream.accounted, members)
        ask_to_end(members)


def claimed(stream: Stream) -> set[int]:
    """Partitions that a process has claimed."""
    name = stream.copy.pipeline.journal_topic
    admin = stream.kafka.admin()
    journal = stream.kafka.read(name) if name in admin.list_topics().topics else []
    entries = [read_entry(message.value()) for message in journal]
    return {entry.partition for entry in entries if isinstance(entry, Claim)}


@pytest.mark.parametrize("shape", [ALONE, TWO], ids=str)
def test_what_has_passed_before_a_restart_is_late_whatever_the_bound_is_then(
    stream: Stream, shape: Shape
) -> None:
    stream.send(0, 0, 50)
    stream.send(1, 0, 50)
    with stream.running(shape) as members:
        wait(lambda: stream.told()["windows"] >= 80, members)
        ask_to_end(members)
    stream.edit("out_of_orderness: 0s", "out_of_orderness: 45s")
    stream.grow(3)
    stream.send(0, 5, 60)
    stream.send(2, 10, 70)
    with stream.running(shape) as members:
        wait(stream.accounted, members)
        ask_to_end(members)
    assert stream.told()["letters"] > 0
    assert stream.replayed_equal(Shape(batch_size=7))
