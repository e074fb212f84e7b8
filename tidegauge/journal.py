"""What is not in the data and still decides results: entries of a pipeline's journal.

The journal is a topic of one partition. What an entry says counts from where it stands in the
journal; whoever reads it from the start again comes to the same.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

from tidegauge.labels import Label
from tidegauge.patterns.changes import PatternChange

PartitionKey = tuple[str, int]
"""Source and partition."""


@dataclass(frozen=True, slots=True)
class Floor:
    """An idle partition holds nothing back up to an event time.

    The partition had been read to its end, the next offset being `offset`. Should it wake, records
    from that offset on are judged against a watermark of at least `floor_ns`.

    Attributes:
        source: name of the source.
        topic: what tells its topic from others, also from an earlier one of the same name.
        partition: number of the partition.
        offset: the next offset that will be read from it.
        floor_ns: event time, nanoseconds since the epoch.
        run: who wrote it (`Claim`).
    """

    source: str
    topic: str
    partition: int
    offset: int
    floor_ns: int
    run: str

    @property
    def key(self) -> PartitionKey:
        """The partition it is about."""
        return self.source, self.partition


@dataclass(frozen=True, slots=True)
class Claim:
    """From here on floors of a partition count only when this run wrote them.

    A process writes one before it reads a partition. What a process that was believed dead still
    writes afterwards is passed over by everyone.

    Attributes:
        source: name of the source.
        topic: as in `Floor`.
        partition: number of the partition.
        run: who wrote it.
        offset: the run reads from here on; None in entries of earlier versions.
        out_of_orderness_ns: and judges by this; what was claimed before from there on is void.
        part: number of the partition of the source's part that reads it: its own, unless the
            partition came while the flow ran.
        begins: whether the partition begins there, and does not go on from saved state; None in
            entries of earlier versions.
    """

    source: str
    topic: str
    partition: int
    run: str
    offset: int | None = None
    out_of_orderness_ns: int | None = None
    part: int | None = None
    begins: bool | None = None

    @property
    def key(self) -> PartitionKey:
        """The partition it is about."""
        return self.source, self.partition


@dataclass(frozen=True, slots=True)
class RangeBegun:
    """A range of offsets was first read when the clock said this; the first entry of it counts.

    Attributes:
        source: name of the source.
        topic: as in `Floor`.
        partition: number of the partition.
        number: that of the range (`tidegauge.batch.RANGE`).
        clock_ms: what the clock of the reader said, milliseconds since the epoch.
        run: who wrote it (`Claim`).
    """

    source: str
    topic: str
    partition: int
    number: int
    clock_ms: int
    run: str

    @property
    def key(self) -> PartitionKey:
        """The partition it is about."""
        return self.source, self.partition


@dataclass(frozen=True, slots=True)
class ReadAt:
    """Messages of a partition were read when the clock said this, and their timestamps more.

    For what goes by Kafka timestamps those of the messages count as at most this.

    Attributes:
        source: name of the source.
        topic: as in `Floor`.
        partition: number of the partition.
        offset: of the first of them.
        last: offset of the last.
        clock_ms: what the clock of the reader said, milliseconds since the epoch.
        run: who wrote it (`Claim`).
    """

    source: str
    topic: str
    partition: int
    offset: int
    last: int
    clock_ms: int
    run: str

    @property
    def key(self) -> PartitionKey:
        """The partition it is about."""
        return self.source, self.partition


Entry = Floor | Claim | RangeBegun | ReadAt | Label | PatternChange
News = Floor | Label | PatternChange
"""What flows on from the journal."""


class Claims:
    """Who may write floors of which partition, as far as the journal has been read.

    Args:
        topics: what tells the topic of each source; entries of others do not count.
        runs: run that claimed each partition last.
    """

    def __init__(
        self, topics: Mapping[str, str], runs: Mapping[PartitionKey, str] = MappingProxyType({})
    ) -> None:
        self._topics = topics
        self.runs = dict(runs)

    def floors(self, entries: Iterable[Entry]) -> list[Floor]:
        """Take the next entries of the journal; those that are floors and count."""
        return [news for news in self.news(entries) if isinstance(news, Floor)]

    def news(self, entries: Iterable[Entry]) -> list[News]:
        """Take the next entries of the journal; floors that count, and what people said."""
        counting = self.counting(entries)
        return [entry for entry in counting if not isinstance(entry, Claim | RangeBegun | ReadAt)]

    def counting(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        """Take the next entries of the journal; those that count."""
        for entry in entries:
            if isinstance(entry, Label | PatternChange) or self._counts(entry):
                yield entry

    def _counts(self, entry: Floor | Claim | RangeBegun | ReadAt) -> bool:
        if self._topics.get(entry.source) != entry.topic:
            return False
        if isinstance(entry, Claim):
            self.runs[entry.key] = entry.run
        return self.runs.get(entry.key, entry.run) == entry.run


class PartitionJournal(Protocol):
    """What a source tells the journal of one partition; see `dataflows.connections.journal`."""

    @property
    def partitions(self) -> int:
        """How many partitions the source has, as far as any process has told; 0 for unknown."""

    def joins(self) -> bool | None:
        """Whether other partitions were read before this one came.

        None while not all of them have been heard of.
        """

    def claim(self, offset: int, part: int, *, goes_on: bool) -> None:
        """Claim the partition from an offset on, and learn what the journal says of it.

        Args:
            offset: the next offset that will be read.
            part: number of the partition of the part that reads it.
            goes_on: whether that is where an earlier run stopped.

        Raises:
            Retry: the journal has not taken it in time.
            Stop: the journal refuses it, or does not tell.
        """

    def taken(self) -> bool:
        """Whether any run has claimed the partition.

        Raises:
            Stop: the journal does not tell.
        """

    def begin(self, offset: int) -> None:
        """The partition is new and claimed: write what has passed before it came."""

    def idle(self, offset: int) -> None:
        """The partition is idle and the next offset is this: write what passes meanwhile."""

    def range_begun_ms(self, number: int) -> int | None:
        """When a range of its offsets was first read, in any run; None where none has read it."""

    def begin_range(self, number: int, clock_ms: int, *, wait: bool) -> None:
        """Write that a range is first read now.

        Args:
            number: that of the range.
            clock_ms: what the clock says.
            wait: whether to go on only when it is in the journal.

        Raises:
            Retry: the journal has not taken it in time.
            Stop: the journal refuses it for good.
        """

    def settled(self) -> bool:
        """Whether all that was written of it is in the journal.

        Until then none of its messages may be judged.

        Raises:
            Retry: the journal has not taken it in time.
            Stop: the journal refuses it for good.
        """
