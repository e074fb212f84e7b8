"""Kafka as a source of event batches: one consumer a partition, positions in the snapshot."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition

from connectors.kafka.alignment import Alignment
from connectors.kafka.budget import EpochBudget
from connectors.kafka.identity import require_same
from connectors.kafka.joining import Joining
from connectors.kafka.open_transactions import OpenTransaction
from connectors.kafka.pace import Pace
from connectors.kafka.ranges import RangeClock
from connectors.kafka.reader import CONSUMER_CONFIG, PartitionReader, Reading
from tidegauge.batch import EventBatch, PartitionState, RawBatch
from tidegauge.intake import Intake
from tidegauge.journal import PartitionJournal
from tidegauge.savedstate import saved_type

__all__ = ["CONSUMER_CONFIG", "KafkaSource", "Position", "Reading"]

_SHORTEST_WAIT = timedelta(milliseconds=1)
_LONGEST_WAIT = timedelta(milliseconds=16)
_REST_NS = 200_000_000
"""After a batch for which the journal had to keep the clock a partition is not read for so long: so
whoever sends messages from the future does not fill the journal."""


@saved_type
@dataclass(frozen=True, slots=True)
class Position:
    """Saved state of a partition.

    Attributes:
        offset: the next offset to read.
        intake: state of its intake; None for one that has not begun.
        version: of this format; one of version 1 has no `topic` and no `adopted`.
        topic: what tells its topic from others of the name; None where that was not known.
        adopted: saved states of partitions that the same part reads, by number.
    """

    offset: int
    intake: Any
    version: int = 2
    topic: str | None = None
    adopted: Mapping[int, "Position"] | None = None


class KafkaSource(FixedPartitionedSource[EventBatch, Position]):
    """Event batches of all partitions of a topic.

    Args:
        reading: how it is read.
        make_intake: makes the intake of a partition from its number and saved state.
        draining: asked before each read; once true, every partition ends after its last batch.
        monotonic_ns: clock for the idle timeout.
        journal_of: makes the journal of a partition, which is told while it is idle; None where
            there is no journal.
        align: makes what brings the ends of a partition's epochs together with those of other
            processes; None where there are none.
        joins: whether partitions hear of each other by the journal, so that a new one can join
            those that were read before.
        clock_ns: wall clock, which timestamps are held against where there is a journal.
    """

    def __init__(
        self,
        reading: Reading,
        make_intake: Callable[[int, Any], Intake],
        draining: Callable[[], bool] = lambda: False,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
        journal_of: Callable[[int], PartitionJournal] | None = None,
        align: Callable[[], Alignment] | None = None,
        *,
        joins: bool = False,
        clock_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._clock_ns = clock_ns
        self._reading = reading
        self._make_intake = make_intake
        self._draining = draining
        self._monotonic_ns = monotonic_ns
        self._journal_of = journal_of
        self._align = align
        self._budget = EpochBudget(reading.epoch_bytes)
        self._pace = Pace(reading.batch_size)
        self._joins = joins
        self._grown = reading.partitions

    def list_parts(self) -> list[str]:
        """Topic and number of each partition."""
        return [f"{self._reading.topic}-{number}" for number in range(self._reading.partitions)]

    def build_part(
        self, step_id: str, for_part: str, resume_state: Position | None
    ) -> "KafkaPartition":
        """A partition, from `reading.start` or where an earlier run stopped.

        Raises:
            Stop: the saved position no longer exists, or is of an earlier topic of the name; or
                the broker does not tell what there is.
        """
        number = int(for_part.rpartition("-")[2])
        alignment = self._align() if self._align is not None else None
        return self.partition(number, number, resume_state, alignment)

    def grow(self, partitions: int) -> None:
        """The topic has so many partitions now."""
        self._grown = max(self._grown, partitions)

    def count(self, journal: PartitionJournal | None) -> int:
        """How many partitions are to be told of; 0 where nobody waits for others."""
        if journal is None or not self._joins:
            return 0
        return max(self._grown, journal.partitions)

    def partition(
        self, number: int, part: int, saved: Position | None, alignment: Alignment | None = None
    ) -> "KafkaPartition":
        """A partition that is read by the part of the same number, or of another.

        Args:
            number: its number.
            part: that of the part.
            saved: where an earlier run stopped.
            alignment: that of the part.

        Raises:
            Stop: as `build_part`.
        """
        if saved is not None:
            # A position of an earlier version has no such attribute.
            topic = getattr(saved, "topic", None)
            require_same(self._reading.topic, topic, self._reading.identity)
        # One that has not begun is as new as before; a replay says itself where it begins.
        new = saved is None or (saved.intake is None and not self._reading.bounded)
        reader = PartitionReader(self._reading, number, None if new or not saved else saved.offset)
        # The journal is read after the end of a bounded reading is known: so it is at least as new.
        journal = self._journal_of(number) if self._journal_of is not None else None
        intake = self._make_intake(number, saved.intake if saved else None)
        joining, count = None, partial(self.count, journal)
        if journal is not None and new and self._joins:
            joining = Joining(reader, intake, journal, part, count)
        elif journal is not None:
            goes_on = saved is not None and saved.intake is not None
            journal.claim(reader.offset, part, goes_on=goes_on)
        return KafkaPartition(
            self._reading,
            reader,
            intake,
            self._draining,
            self._monotonic_ns,
            journal,
            budget=self._budget,
            pace=self._pace,
            number=number,
            alignment=alignment,
            joining=joining,
            count=count,
            clock_ns=self._clock_ns,
        )


class KafkaPartition(StatefulSourcePartition[EventBatch, Position]):
    """One partition: passes on what is there, and tells when it goes quiet."""

    def __init__(  # noqa: PLR0913 - what a partition is made of
        self,
        reading: Reading,
        reader: PartitionReader,
        intake: Intake,
        draining: Callable[[], bool],
        monotonic_ns: Callable[[], int],
        journal: PartitionJournal | None = None,
        *,
        budget: EpochBudget,
        pace: Pace,
        number: int,
        alignment: Alignment | None = None,
        joining: Joining | None = None,
        count: Callable[[], int] = lambda: 0,
        clock_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._clock_ns = clock_ns
        self._rests_until_ns: int | None = None
        self._joining = joining
        self._count, self._counted = count, 0
        self._alignment = alignment
        self._budget = budget
        self._pace = pace
        self._number = number
        self._reading = reading
        self._reader = reader
        self._intake = intake
        self._draining = draining
        self._monotonic_ns = monotonic_ns
        self._journal = journal
        self._ranges = RangeClock(journal, time.time_ns)
        self._transaction = OpenTransaction(reading.topic, number)
        self._quiet_since_ns = monotonic_ns()
        self._state = PartitionState.ACTIVE
        self._wait = timedelta(0)

    def next_batch(self) -> list[EventBatch]:
        """At most one batch.

        Raises:
            StopIteration: the flow is draining, or a bounded reading is at its end.
            Stop: the broker refuses to give more.
            Retry: the journal has not taken in time what was written of the partition.
        """
        if self._draining() or self._state is PartitionState.FINISHED:
            raise StopIteration
        if self._alignment is not None:
            self._alignment.before_read()
        if (told := self._told_of_others()) is not None:
            self._wait = _SHORTEST_WAIT
            return told
        if self._budget.exhausted(self._number):
            # Whether there is silence is not known until there is a look.
            self._quiet_since_ns = self._monotonic_ns()
            self._wait = _LONGEST_WAIT
            return []
        if self._rests() or self._pace.rests(self._number, self._monotonic_ns()):
            self._quiet_since_ns = self._monotonic_ns()
            self._wait = _SHORTEST_WAIT
            return []
        raw = self._reader.read()
        if raw is not None:
            self._wait = timedelta(0)
            self._state = PartitionState.ACTIVE
            self._quiet_since_ns = self._monotonic_ns()
            self._budget.spend(self._number, raw)
            batch = self._take(self._ranges.told(raw))
            reached_ns = batch.progress.watermark_ns
            self._pace.has_read(self._number, reached_ns, self._reader.left, self._quiet_since_ns)
            return [batch]
        self._wait = min(max(self._wait * 2, _SHORTEST_WAIT), _LONGEST_WAIT)
        return self._quiet()

    def next_awake(self) -> datetime | None:
        """A little later each time there was nothing."""
        return datetime.now(UTC) + self._wait if self._wait else None

    def snapshot(self) -> Position:
        """Position after the last batch; the consumer group is told, too."""
        if self._alignment is not None:
            self._alignment.ended()
        self._budget.begin(self._number)
        if not self._reading.bounded:
            self._reader.commit()
        begun = self._joining is None
        state = self._intake.state if begun else None
        return Position(self._reader.offset, state, topic=self._reading.identity)

    def close(self) -> None:
        """Leave the broker."""
        self._reader.close()

    def _quiet(self) -> list[EventBatch]:
        if self._reader.finished:
            self._state = PartitionState.FINISHED
        elif self._reader.held_back:
            # What an open transaction brings was there before: that is no silence.
            self._quiet_since_ns = self._monotonic_ns()
            self._transaction.holds_back(self._reader.reached, self._quiet_since_ns)
            if self._state is not PartitionState.IDLE:
                return []
            self._state = PartitionState.ACTIVE
        elif self._silent():
            self._state = PartitionState.IDLE
        else:
            if self._state is PartitionState.IDLE and self._journal is not None:
                self._journal.idle(self._reader.offset)
            return []
        return [self._intake.quiet(self._state, self._reader.offset)]

    def _take(self, raw: RawBatch) -> EventBatch:
        if self._journal is None or self._reading.bounded:
            return self._intake.take(raw)
        batch = self._intake.take(replace(raw, read_ms=self._clock_ns() // 1_000_000))
        if self._intake.clock_kept:
            self._rests_until_ns = self._monotonic_ns() + _REST_NS
        return batch

    def _rests(self) -> bool:
        """Whether the journal has had enough of the partition for now."""
        if self._rests_until_ns is not None and self._monotonic_ns() >= self._rests_until_ns:
            self._rests_until_ns = None
        return self._rests_until_ns is not None

    def _told_of_others(self) -> list[EventBatch] | None:
        """What is told of the partition, or waited for, before it reads on; None for nothing."""
        if self._joining is not None:
            self._quiet_since_ns = self._monotonic_ns()
            if (told := self._joining.step()) is not None:
                return told
            self._counted, self._joining = self._joining.counted, None
            return [self._intake.quiet(self._state, self._reader.offset)]
        if self._unsettled():
            return []
        if (count := self._count()) > self._counted:
            self._counted = count
            self._intake.grow(count)
            return [self._intake.quiet(self._state, self._reader.offset)]
        return None

    def _unsettled(self) -> bool:
        """Whether it is not yet sure what the next messages are to be judged against."""
        idle = self._state is PartitionState.IDLE
        return idle and self._journal is not None and not self._journal.settled()

    def _silent(self) -> bool:
        """Whether an active partition has had nothing to read for long enough to be idle."""
        silent_ns = self._monotonic_ns() - self._quiet_since_ns
        active = self._state is PartitionState.ACTIVE
        return active and self._reader.at_end and silent_ns >= self._reading.idle_after_ns
