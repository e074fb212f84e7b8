"""A partition that falls silent and wakes, a stream that stops: in every run alike."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bytewax.recovery import init_db_dir

from benchmarks.flow_process import Member, Shape, run_flow, running_flow
from benchmarks.private_copy import PrivateCopy, private_copy
from connectors.codecs.journal_json import read_entry
from tests.dataflows.connections.test_idle_partition import Feed
from tests.dataflows.heat import BASE_MS, PIPELINE, since_start_s
from tests.dataflows.interrupted import ask_to_end, kill, wait
from tests.services.kafka import Kafka
from tidegauge.catalogue import RUN_FIELDS
from tidegauge.journal import Floor

LATENESS_S = 10
ENOUGH_S = 30
"""So much passes the sleeping partition that its next event is dead."""
Record = tuple[tuple[str, Any], ...]


@pytest.fixture
def feed(tmp_path: Path, kafka: Kafka) -> Iterator[Feed]:
    file = tmp_path / "heat.yaml"
    text = PIPELINE.replace("EVENTS", "false")
    file.write_text(text.replace("lateness: 30s", f"lateness: {LATENESS_S}s, idle_after: 1s"))
    with private_copy(file, tmp_path, kafka, None) as copy:
        (source,) = copy.pipeline.sources.values()
        yield Feed(copy, kafka.topic(source.kafka.topic, partitions=2), kafka.producer())


@pytest.fixture
def saving(tmp_path: Path) -> list[str]:
    """Options of a flow that saves its state every second."""
    folder = tmp_path / "recovery"
    folder.mkdir()
    init_db_dir(folder, 2)  # type: ignore[no-untyped-call]  # it has no types
    return ["-r", str(folder), "-s", "1", "-b", "0"]


def floor_s(feed: Feed, offset: int) -> float:
    """Highest floor of partition 1 for an offset, in seconds from the start of the story."""
    journal = feed.copy.kafka.read(feed.copy.pipeline.journal_topic)
    entries = [read_entry(message.value()) for message in journal]
    floors = [
        entry.floor_ns / 1e9 - BASE_MS / 1e3
        for entry in entries
        if isinstance(entry, Floor) and (entry.partition, entry.offset) == (1, offset)
    ]
    return max(floors, default=0.0)


def slept(feed: Feed) -> bool:
    """Whether enough has passed partition 1; meanwhile partition 0 goes on."""
    return bool(feed.rows("m")) and floor_s(feed, 1) >= ENOUGH_S


def records(copy: PrivateCopy) -> Counter[Record]:
    """How often each record was sent into Kafka so far, without what tells of the run."""
    topics = (copy.output.topic, copy.output.critical_topic, copy.dead_letter_topic)
    messages = [message for topic in topics for message in copy.kafka.read(topic)]
    return Counter(_told(json.loads(message.value() or b"")) for message in messages)


def _told(value: dict[str, Any]) -> Record:
    flat = {**value, **value.pop("fields", {}), **value.pop("tags", {})}
    told = {name: one for name, one in flat.items() if name not in {*RUN_FIELDS, "fields", "tags"}}
    return tuple(sorted(told.items()))


def dead_letters(feed: Feed) -> set[int]:
    """Offsets of the dead letters that are stored; meanwhile partition 0 goes on."""
    feed.go_on()
    return {int(letter["offset"]) for letter in feed.copy.records("dead_letters")}


def wake(feed: Feed, members: list[Member]) -> None:
    """Send late events into partition 1, wait for what becomes of them, and end the flow."""
    late_s = int(floor_s(feed, 1)) - 5
    feed.send(1, "n", 4)
    feed.send(1, "n", late_s)
    wait(lambda: 1 in dead_letters(feed), members)
    end_s = late_s // 10 * 10 + 10
    wait(lambda: end_s in feed.rows("n", revision=1) or 2 in dead_letters(feed), members)
    # What passed it before it woke is not known beforehand; what it was judged by is. It may have
    # slept once more between the two.
    passed_s = max(floor_s(feed, 1), floor_s(feed, 2))
    assert (2 in dead_letters(feed)) is (late_s < passed_s - LATENESS_S)
    ask_to_end(members)


@pytest.mark.parametrize(
    ("shape", "killed", "again"),
    [
        (Shape(processes=2), False, Shape(batch_size=3)),
        (Shape(), True, Shape(processes=2, batch_size=4)),
    ],
    ids=str,
)
def test_what_wakes_is_judged_by_the_journal_in_every_run(
    *, feed: Feed, saving: list[str], shape: Shape, killed: bool, again: Shape
) -> None:
    feed.send(1, "n", 3)
    with running_flow(feed.copy.path, shape, feed.copy.environment, saving) as members:
        wait(lambda: slept(feed), members)
        if killed:
            kill(members)
        else:
            wake(feed, members)
    if killed:
        with running_flow(feed.copy.path, shape, feed.copy.environment, saving) as members:
            wake(feed, members)
    left = records(feed.copy)
    run_flow(feed.copy.path, again, feed.copy.environment)
    replayed = records(feed.copy) - left
    assert set(left) <= set(replayed)
    assert replayed.total() == len(replayed)


def test_the_last_windows_come_when_the_whole_stream_stops(feed: Feed) -> None:
    with running_flow(feed.copy.path, Shape(), feed.copy.environment) as members:
        for partition, machine in enumerate("mn"):
            feed.send(partition, machine, 3)
            feed.send(partition, machine, 18)
        wait(lambda: _ends(feed) == {("m", 10), ("m", 20), ("n", 10), ("n", 20)}, members)
        ask_to_end(members)


def _ends(feed: Feed) -> set[tuple[str, int]]:
    return {(row["machine"], since_start_s(row)) for row in feed.copy.records("warmth")}
