"""When each range of a partition's offsets was first read, so that no sender says it."""

from collections.abc import Callable
from dataclasses import replace

from tidegauge.batch import RANGE, RawBatch
from tidegauge.journal import PartitionJournal

_AHEAD = 4
"""The next range is written of when no more than so many batches like this one come before it:
then it is in the journal when it is needed, and nobody waits."""


class RangeClock:
    """Tells with each batch when its ranges were first read, in any run.

    Args:
        journal: that of the partition, which knows and keeps it; None keeps it for this run alone.
        clock_ns: wall clock.
    """

    def __init__(self, journal: PartitionJournal | None, clock_ns: Callable[[], int]) -> None:
        self._journal = journal
        self._clock_ns = clock_ns
        self._begun_ms: dict[int, int] = {}
        self._announced = -1

    def told(self, raw: RawBatch) -> RawBatch:
        """The batch, with what is known of its ranges; those that nobody knows begin now.

        Raises:
            Retry: the journal has not taken it in time.
            Stop: the journal refuses it for good.
        """
        if not len(raw.offsets):
            return raw
        first, last = raw.offsets[0] // RANGE, raw.offsets[-1] // RANGE
        # Ranges without a message are left out: after a compaction they can be many.
        touched = {first, last} if last - first < 2 else {one // RANGE for one in raw.offsets}
        self._begun_ms = {number: self._known_ms(number) for number in sorted(touched)}
        self._announce(raw, last + 1)
        return replace(raw, begun_ms=self._begun_ms)

    def _known_ms(self, number: int) -> int:
        if (known := self._begun_ms.get(number)) is not None:
            return known
        now_ms = self._clock_ns() // 1_000_000
        if self._journal is None:
            return now_ms
        found = self._journal.range_begun_ms(number)
        if found is None:
            self._journal.begin_range(number, now_ms, wait=True)
            found = self._journal.range_begun_ms(number)
        return now_ms if found is None else found

    def _announce(self, raw: RawBatch, following: int) -> None:
        """Write of the next range, if it will be read soon."""
        left = following * RANGE - raw.offsets[-1]
        far = left > _AHEAD * len(raw.offsets)
        if self._journal is None or far or following <= self._announced:
            return
        self._announced = following
        if self._journal.range_begun_ms(following) is None:
            self._journal.begin_range(following, self._clock_ns() // 1_000_000, wait=False)
