"""What passes while a partition is idle, for judging it when it wakes."""

from collections.abc import Sequence
from threading import Lock
from typing import Protocol

from tidegauge.batch import NO_TIME, PartitionState, Progress
from tidegauge.journal import PartitionKey


class Board(Protocol):
    """Where partitions post their progress and read what they are judged against when they wake."""

    @property
    def journaled(self) -> bool:
        """Whether a journal tells what passes idle partitions, and nothing else does."""

    def post(self, progress: Progress) -> None:
        """Replace what was known of a partition."""

    def passed_ns(self, source: str, partition: int) -> int:
        """Watermark that has passed an idle partition without a journal; `NO_TIME` for none."""

    def floors(self, source: str, partition: int, last: int) -> Sequence[tuple[int, int]]:
        """Offsets up to the last of a batch where a floor begins to hold, and the floors."""

    def tolerances(
        self, source: str, partition: int, first: int, last: int
    ) -> Sequence[tuple[int, int]]:
        """Offsets of a batch from which an out-of-orderness holds, and the out-of-orderness.

        The first is where the batch begins; nothing where it is not known.
        """

    def read_at(
        self, source: str, partition: int, first: int, last: int
    ) -> Sequence[tuple[int, int, int]]:
        """What the clock said when messages were read, where their timestamps said more.

        First and last offsets, and milliseconds; those that have to do with these offsets.
        Batches are asked for in their order: what lies before one is forgotten.
        """

    def keep_read_at(
        self, source: str, partition: int, first: int, last: int, clock_ms: int
    ) -> None:
        """Keep what the clock says while messages are read.

        Raises:
            Retry: it was not kept in time.
            Stop: it cannot be kept.
        """


class ProgressBoard:
    """Progress of the partitions of a source where there is no journal.

    It is shared by the worker threads of a process. A partition that is idle does not hold the
    watermark back. When it wakes, its events are judged against the watermark that passed
    meanwhile, which it reads here. Partitions read by other processes are not seen; the windows
    keep what slips through.
    """

    journaled = False

    def __init__(self) -> None:
        self._lock = Lock()
        self._newest: dict[PartitionKey, Progress] = {}
        self._passed: dict[PartitionKey, int] = {}

    def post(self, progress: Progress) -> None:
        """Replace what was known of a partition."""
        with self._lock:
            self._newest[progress.source, progress.partition] = progress
            known = [one for one in self._newest.values() if one.source == progress.source]
            active = [one.watermark_ns for one in known if one.state is PartitionState.ACTIVE]
            if not active:
                return
            for one in known:
                if one.state is PartitionState.IDLE:
                    key = one.source, one.partition
                    self._passed[key] = max(self._passed.get(key, NO_TIME), min(active))

    def passed_ns(self, source: str, partition: int) -> int:
        """Highest watermark of the others while a partition was idle; `NO_TIME` for none."""
        with self._lock:
            return self._passed.get((source, partition), NO_TIME)

    def floors(self, source: str, partition: int, last: int) -> Sequence[tuple[int, int]]:
        """None: only a journal has them."""
        return ()

    def tolerances(
        self, source: str, partition: int, first: int, last: int
    ) -> Sequence[tuple[int, int]]:
        """None: only a journal has them."""
        return ()

    def read_at(
        self, source: str, partition: int, first: int, last: int
    ) -> Sequence[tuple[int, int, int]]:
        """Nothing: only a journal has it."""
        return ()

    def keep_read_at(
        self, source: str, partition: int, first: int, last: int, clock_ms: int
    ) -> None:
        """Keep nothing: only a journal can."""
