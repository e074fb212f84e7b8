"""The journal of a pipeline, as one process reads and writes it."""

import time
from collections.abc import Callable
from threading import Lock
from uuid import uuid4

from connectors.kafka.journal import (
    JournalReader,
    JournalWriter,
    read_labels,
    read_pattern_changes,
)
from connectors.kafka.journal_source import JournalSource
from operators.progress.journaled import JournaledBoard
from tidegauge.batch import NO_TIME
from tidegauge.journal import Claim, Claims, Floor, PartitionKey, RangeBegun, ReadAt
from tidegauge.labels import Label
from tidegauge.patterns.changes import PatternChange
from tidegauge.settings import Settings


class Journal:
    """Keeps what decides results and is not in the data.

    Only the process that reads a partition writes floors of it. It first claims the partition and
    then reads the journal up to that claim: all floors that will ever count, but its own. A bounded
    run writes nothing.

    Args:
        settings: where the broker is; whether the run is bounded.
        topic: the journal, which is there.
        identity: what tells it from others of its name.
        monotonic_ns: clock for what passes while the whole stream is silent.
        hears: whether this process hears of the partitions of all others.

    Attributes:
        board: what passes idle partitions.
        topics: what tells the topic of each source from others; to be filled before the flow runs.
        tolerances: out-of-orderness of each source, nanoseconds; as `topics`.
    """

    def __init__(
        self,
        settings: Settings,
        topic: str,
        identity: str | None = None,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
        *,
        hears: bool = True,
    ) -> None:
        self.board = JournaledBoard(keep=self.keep_read_at)
        self.topics: dict[str, str] = {}
        self.tolerances: dict[str, int] = {}
        self.hears = hears
        self._settings = settings
        self._topic = topic
        self._identity = identity
        self._monotonic_ns = monotonic_ns
        self._run = uuid4().hex
        self._lock = Lock()
        self._claims = Claims(self.topics)
        self._parts: dict[PartitionKey, int] = {}
        self._begun: dict[PartitionKey, int | None] = {}
        self._ranges: dict[tuple[str, int, int], int] = {}
        self._read = 0
        self._writer: JournalWriter | None = None

    def source(self, draining: Callable[[], bool]) -> JournalSource:
        """The journal as a source of floors and labels."""
        topics, identity = self.topics, self._identity
        return JournalSource(self._settings, self._topic, topics, draining, identity)

    def labels(self) -> list[Label]:
        """All labels that are in the journal now.

        Raises:
            Stop: the broker does not give what is in the journal.
        """
        return read_labels(self._settings, self._topic)

    def pattern_changes(self) -> list[PatternChange]:
        """All changes of patterns that are in the journal now.

        Raises:
            Stop: the broker does not give what is in the journal.
        """
        return read_pattern_changes(self._settings, self._topic)

    def of(self, source: str, partition: int) -> "PartitionFloors":
        """What is to do with one partition."""
        return PartitionFloors(self, source, partition)

    def learn(self) -> None:
        """Learn what is in the journal now.

        Raises:
            Stop: the broker does not give what is in it.
        """
        with self._lock:
            self._learn(None)

    def adopted(self, source: str) -> dict[int, int]:
        """Partitions of a source that the part of another one reads, and number of that one."""
        return {
            number: part
            for (name, number), part in self._parts.items()
            if name == source and part != number
        }

    def claimed(self, source: str, partition: int) -> bool:
        """Whether a partition was claimed by any run, as far as the journal has been learnt."""
        return (source, partition) in self._claims.runs

    def begun(self, source: str, partition: int) -> int | None:
        """Offset at which a partition was begun last, without saved state; None for not known."""
        return self._begun.get((source, partition))

    def claim(self, source: str, partition: int, offset: int, part: int, *, goes_on: bool) -> None:
        """Claim a partition and learn its floors, before its first message is judged.

        A bounded run claims nothing. Where it goes on from saved state it judges by the pipeline
        file, as any; else by what the journal says of those that have read the same before.

        Raises:
            Retry: the broker has not stored the claim in time.
            Stop: the broker refuses it, or does not give what is in the journal.
        """
        with self._lock:
            place = source, self.topics[source], partition, self._run
            claim = Claim(*place, offset, self.tolerances.get(source), part, not goes_on)
            end = None
            if not self._settings.bounded:
                self._writer = self._writer or JournalWriter(self._settings, self._topic)
                end = self._writer.append(claim) + 1
            self._learn(end)
            if self._settings.bounded and goes_on:
                self.board.claimed(claim)

    def write(self, floor: Floor, written: Callable[[], None]) -> None:
        """Send a floor; once it is in the journal the board learns it and `written` is called.

        A bounded run sends none; then it is learnt at once.
        """

        def learn(_: int) -> None:
            self.board.learn(floor)
            written()

        if self._writer is not None:
            self._writer.write(floor, learn)
        else:
            learn(0)

    def range_begun_ms(self, source: str, partition: int, number: int) -> int | None:
        """When a range of offsets was first read, as far as is known to be in the journal.

        Raises:
            Retry: the broker has not stored in time what was written of it.
            Stop: the broker refuses it for good.
        """
        place = source, partition, number
        if place not in self._ranges:
            self.poll()
        return self._ranges.get(place)

    def begin_range(
        self, source: str, partition: int, number: int, clock_ms: int, *, wait: bool
    ) -> None:
        """Write that a range is first read now; a bounded run keeps it for itself.

        Raises:
            Retry: the broker has not stored it in time.
            Stop: the broker refuses it for good.
        """
        place = source, self.topics[source], partition
        entry = RangeBegun(*place, number, clock_ms, self._run)
        if self._writer is None:
            self._learn_range(entry)
        elif wait:
            # What was sent before stands before it, and counts.
            self._writer.append(entry)
            self._learn_range(entry)
        else:
            self._writer.write(entry, lambda _: self._learn_range(entry))

    def _learn_range(self, entry: RangeBegun) -> None:
        self._ranges.setdefault((*entry.key, entry.number), entry.clock_ms)

    def keep_read_at(
        self, source: str, partition: int, first: int, last: int, clock_ms: int
    ) -> None:
        """Write what the clock says while messages are read; a bounded run writes nothing.

        Raises:
            Retry: the broker has not stored it in time.
            Stop: the broker refuses it for good.
        """
        if self._writer is None:
            return
        place = source, self.topics[source], partition
        entry = ReadAt(*place, first, last, clock_ms, self._run)
        self._writer.append(entry)
        self.board.learn_read_at(entry)

    def poll(self) -> None:
        """Learn which floors are in the journal.

        Raises:
            Retry: the broker has not stored one in time.
            Stop: the broker refuses them for good.
        """
        if self._writer is not None:
            self._writer.poll()

    def due(self, source: str, partition: int, offset: int) -> Floor | None:
        """The floor that an idle partition should write now, if any."""
        floor_ns = self.board.due(source, partition, offset, self._monotonic_ns())
        if floor_ns is None or self._writer is None:
            return None
        return self._floor(source, partition, offset, floor_ns)

    def due_at_first(self, source: str, partition: int, offset: int) -> Floor | None:
        """The floor of a new partition: what may have passed before it was heard of, if any.

        One that an earlier run wrote, which did not come to save what it read, stays the floor.
        """
        floor_ns = self.board.passed_before_ns(source)
        if floor_ns == NO_TIME or self.board.floor_ns(source, partition, offset) != NO_TIME:
            return None
        return self._floor(source, partition, offset, floor_ns)

    def _floor(self, source: str, partition: int, offset: int, floor_ns: int) -> Floor:
        return Floor(source, self.topics[source], partition, offset, floor_ns, self._run)

    def _learn(self, end: int | None) -> None:
        """Read on, up to an offset or to where the journal ends now."""
        reader = JournalReader(self._settings, self._topic, self._read or None)
        try:
            entries = reader.read_to(reader.end if end is None else end)
            for entry in self._claims.counting(entries):
                if isinstance(entry, Floor):
                    self.board.learn(entry)
                elif isinstance(entry, RangeBegun):
                    self._learn_range(entry)
                elif isinstance(entry, ReadAt):
                    self.board.learn_read_at(entry)
                elif isinstance(entry, Claim):
                    self.board.claimed(entry)
                    part = entry.partition if entry.part is None else entry.part
                    self._parts[entry.key] = part
                    # An earlier version does not say so: surely whoever came first began.
                    if entry.begins or entry.key not in self._begun:
                        self._begun[entry.key] = entry.offset
            self._read = reader.offset
        finally:
            reader.close()


class PartitionFloors:
    """Writes the floors of one partition of this process.

    Args:
        journal: that of the process.
        source: name of the source.
        partition: number of the partition.
    """

    def __init__(self, journal: Journal, source: str, partition: int) -> None:
        self._journal = journal
        self._source = source
        self._partition = partition
        self._on_the_way = False

    @property
    def partitions(self) -> int:
        """How many partitions the source has, as far as any process has told; 0 for unknown."""
        return self._journal.board.partitions(self._source)

    def joins(self) -> bool | None:
        """Whether other partitions were read before this one came; None while it is not known."""
        return self._journal.board.joins(self._source) if self._journal.hears else False

    def taken(self) -> bool:
        """Whether any run has claimed the partition.

        Raises:
            Stop: the broker does not give what is in the journal.
        """
        self._journal.learn()
        return self._journal.claimed(self._source, self._partition)

    def claim(self, offset: int, part: int, *, goes_on: bool) -> None:
        """Claim the partition from an offset on, and learn what the journal says of it.

        Raises:
            Retry: the broker has not stored the claim in time.
            Stop: the broker refuses it, or does not give what is in the journal.
        """
        self._journal.claim(self._source, self._partition, offset, part, goes_on=goes_on)

    def begin(self, offset: int) -> None:
        """Write what has passed before the partition came."""
        self._send(self._journal.due_at_first(self._source, self._partition, offset))

    def idle(self, offset: int) -> None:
        """Write what passes the partition, while the next offset is this."""
        self._send(self._journal.due(self._source, self._partition, offset))

    def _send(self, floor: Floor | None) -> None:
        if floor is not None:
            self._on_the_way = True
            self._journal.write(floor, self._arrived)

    def range_begun_ms(self, number: int) -> int | None:
        """When a range of its offsets was first read, in any run; None where none has read it."""
        return self._journal.range_begun_ms(self._source, self._partition, number)

    def begin_range(self, number: int, clock_ms: int, *, wait: bool) -> None:
        """Write that a range is first read now.

        Raises:
            Retry: the broker has not stored it in time.
            Stop: the broker refuses it for good.
        """
        place = self._source, self._partition
        self._journal.begin_range(*place, number, clock_ms, wait=wait)

    def settled(self) -> bool:
        """Whether the last floor that was written is in the journal; ask before the next.

        Raises:
            Retry: the broker has not stored it in time.
            Stop: the broker refuses it for good.
        """
        if self._on_the_way:
            self._journal.poll()
        return not self._on_the_way

    def _arrived(self) -> None:
        self._on_the_way = False
