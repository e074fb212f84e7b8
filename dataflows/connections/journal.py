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
from tidegauge.journal import Claim, Claims, Floor
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

    Attributes:
        board: what passes idle partitions.
        topics: what tells the topic of each source from others; to be filled before the flow runs.
    """

    def __init__(
        self,
        settings: Settings,
        topic: str,
        identity: str | None = None,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self.board = JournaledBoard()
        self.topics: dict[str, str] = {}
        self._settings = settings
        self._topic = topic
        self._identity = identity
        self._monotonic_ns = monotonic_ns
        self._run = uuid4().hex
        self._lock = Lock()
        self._claims = Claims(self.topics)
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

    def begin(self, source: str, partition: int) -> "PartitionFloors":
        """Claim a partition and learn its floors, before its first message is judged.

        Raises:
            Retry: the broker has not stored the claim in time.
            Stop: the broker refuses it, or does not give what is in the journal.
        """
        with self._lock:
            end = None
            if not self._settings.bounded:
                self._writer = self._writer or JournalWriter(self._settings, self._topic)
                claim = Claim(source, self.topics[source], partition, self._run)
                end = self._writer.append(claim) + 1
            self._learn(end)
        return PartitionFloors(self, source, partition)

    def write(self, floor: Floor, written: Callable[[], None]) -> None:
        """Send a floor; once it is in the journal the board learns it and `written` is called."""

        def learn(_: int) -> None:
            self.board.learn(floor)
            written()

        if self._writer is not None:
            self._writer.write(floor, learn)

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
        return Floor(source, self.topics[source], partition, offset, floor_ns, self._run)

    def _learn(self, end: int | None) -> None:
        """Read on, up to an offset or to where the journal ends now."""
        reader = JournalReader(self._settings, self._topic, self._read or None)
        try:
            entries = reader.read_to(reader.end if end is None else end)
            for floor in self._claims.floors(entries):
                self.board.learn(floor)
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

    def idle(self, offset: int) -> None:
        """Write what passes the partition, while the next offset is this."""
        floor = self._journal.due(self._source, self._partition, offset)
        if floor is not None:
            self._on_the_way = True
            self._journal.write(floor, self._arrived)

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
