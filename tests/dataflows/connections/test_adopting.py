"""Which part of a source reads a partition that comes later, now and at later starts."""

from collections.abc import Iterator
from functools import partial

import pytest

from connectors.codecs.journal_json import entry_message
from connectors.codecs.json_columns import JsonColumns
from connectors.kafka.growing import GrowingPart, GrowingSource
from connectors.kafka.source import KafkaSource, Position, Reading
from dataflows.connections.journal import Journal
from operators.intake.intake import partition_intake
from operators.intake.plan import plan_intake
from tests.dataflows.growing import Broker, in_memory
from tests.operators.keygroups.engine import pickled
from tests.operators.windows.harness import make_source
from tidegauge.journal import Claim
from tidegauge.settings import Settings

READS = 12
"""Enough for all partitions to hear of each other and to read what is there."""


@pytest.fixture
def broker() -> Iterator[Broker]:
    found = Broker([[], []])
    with in_memory(found):
        yield found


class Process:
    """One process, which reads all partitions."""

    def __init__(self, broker: Broker) -> None:
        self.broker = broker
        count = len(broker.logs)
        journal = Journal(Settings(), "j", monotonic_ns=lambda: 0)
        plan = plan_intake("s", make_source(bound=0, lateness=1_000), JsonColumns)
        journal.topics["s"] = "t/1"
        journal.tolerances["s"] = 0
        reading = Reading({}, "t", count, "earliest", 10**9, 9, bounded=False, timeout_s=1)
        make_intake = partition_intake(plan, count, journal.board)
        journal_of = partial(journal.of, "s")
        self.kafka = KafkaSource(
            reading, make_intake, lambda: False, lambda: 0, journal_of=journal_of, joins=True
        )
        adopted = partial(journal.adopted, "s")
        self.source = GrowingSource(self.kafka, "t", count, journal_of, adopted)
        journal.learn()
        self.parts: dict[str, GrowingPart] = {}

    def begin(self, saved: dict[str, Position] | None = None) -> dict[str, GrowingPart]:
        """Build the parts, and read."""
        for name in self.source.list_parts():
            resumed = pickled(saved[name]) if saved and name in saved else None
            self.parts[name] = self.source.build_part("step", name, resumed)
        self.read()
        return self.parts

    def read(self) -> None:
        """Read what is there."""
        for _ in range(READS):
            for part in self.parts.values():
                part.next_batch()

    def grow(self, *seconds: int) -> None:
        """The topic has one more partition, with events in it."""
        self.broker.logs.append([])
        for second in seconds:
            self.broker.append(len(self.broker.logs) - 1, second)
        self.kafka.grow(len(self.broker.logs))
        self.read()

    def saved(self) -> dict[str, Position]:
        """What each part saves."""
        return {name: part.snapshot() for name, part in self.parts.items()}

    @property
    def adopted(self) -> dict[str, dict[int, int]]:
        """By part: next offset of each partition that it has adopted."""
        return {
            name: {number: one.offset for number, one in (position.adopted or {}).items()}
            for name, position in self.saved().items()
        }


def test_new_partitions_are_shared_out_and_stay_where_they_are(broker: Broker) -> None:
    process = Process(broker)
    process.begin()
    process.grow(1, 2)
    process.grow(3)
    assert process.adopted == {"t-0": {2: 2}, "t-1": {3: 1}}
    again = Process(broker)
    assert again.source.list_parts() == ["t-0", "t-1"]
    broker.append(2, 9)
    again.begin(process.saved())
    assert again.adopted == {"t-0": {2: 3}, "t-1": {3: 1}}
    again.grow(4)
    assert again.adopted == {"t-0": {2: 3, 4: 1}, "t-1": {3: 1}}


def test_one_that_came_between_two_runs_has_a_part_of_its_own(broker: Broker) -> None:
    process = Process(broker)
    process.begin()
    broker.logs.append([])
    broker.append(2, 1)
    again = Process(broker)
    assert again.source.list_parts() == ["t-0", "t-1", "t-2"]


def test_what_was_adopted_and_not_saved_is_read_from_its_beginning(broker: Broker) -> None:
    process = Process(broker)
    process.begin()
    before = process.saved()
    process.grow(1, 2)
    again = Process(broker)
    again.begin(before)
    assert again.adopted == {"t-0": {2: 2}, "t-1": {}}


def test_nobody_adopts_what_another_has_claimed(broker: Broker) -> None:
    process = Process(broker)
    process.begin()
    claim = Claim("s", "t/1", 2, "another", 0, 0, 2)
    broker.journal.append(entry_message(claim, "j").value or b"")
    process.grow(1, 2)
    assert process.adopted == {"t-0": {}, "t-1": {}}


def test_one_that_has_not_begun_is_as_new_after_a_restart(broker: Broker) -> None:
    process = Process(broker)
    process.begin()
    broker.logs.append([])
    broker.append(2, 1)
    process.kafka.grow(3)
    process.parts["t-0"].next_batch()
    saved = process.saved()
    assert saved["t-0"].adopted is not None
    assert saved["t-0"].adopted[2].intake is None
    again = Process(broker)
    assert again.source.list_parts() == ["t-0", "t-1", "t-2"]
    again.begin(saved)
    assert again.adopted == {"t-0": {}, "t-1": {}, "t-2": {}}
    assert again.saved()["t-2"].offset == 1
