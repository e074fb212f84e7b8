"""Event time of the partitions that one process reads, kept together while they catch up.

Flink calls this watermark alignment. A window is open until the slowest partition has passed its
end, so what a faster one reads ahead of that lies in memory: one that is too far ahead rests.
Results follow from each partition's log, whatever the order in which partitions are read. (Module
`alignment` is about something else: the ends of the epochs of several processes.)

Only partitions that have a batch and more still to read rest or are waited for: one that follows
live traffic does neither. The slowest of those that are waited for never rests, and nobody rests
for long at a time: whatever event times messages claim, everyone goes on.
"""

from dataclasses import dataclass
from threading import Lock

from tidegauge.batch import NO_TIME

AHEAD_NS = 10_000_000_000
"""How far ahead is too far: a pane or two of windows that are worth the trouble."""
BATCHES = 1
"""A partition may also be ahead by so many batches like its last: where one spans more than
`AHEAD_NS`, whoever is the first to read one would otherwise rest at once."""
AWAITED_NS = 1_000_000_000
"""Who has not been heard of for so long is not waited for: its broker may be away."""
LONGEST_REST_NS = 10_000_000_000
"""After so long a rest a partition reads a batch, however far it is ahead."""


@dataclass(slots=True)
class _Place:
    """Where a partition is in event time, when it was heard of, how much its last batch spanned."""

    time_ns: int
    heard_ns: int
    span_ns: int = 0
    resting_since_ns: int | None = None


class Pace:
    """How far the partitions of a source in this process have come in event time.

    Args:
        batch_size: a partition with fewer messages still to read neither rests nor is waited for.
    """

    def __init__(self, batch_size: int) -> None:
        self._batch_size = batch_size
        self._lock = Lock()
        self._places: dict[int, _Place] = {}

    def has_read(self, partition: int, time_ns: int, left: int, now_ns: int) -> None:
        """Note that a partition has read a batch.

        Args:
            partition: its number.
            time_ns: its watermark after the batch; `NO_TIME` before any event.
            left: how many messages it still has to read, as far as is known.
            now_ns: monotonic clock.
        """
        with self._lock:
            before = self._places.pop(partition, None)
            if left < self._batch_size or time_ns == NO_TIME:
                return
            span_ns = time_ns - before.time_ns if before else 0
            self._places[partition] = _Place(time_ns, now_ns, span_ns)

    def rests(self, partition: int, now_ns: int) -> bool:
        """Whether a partition is to read nothing now, for it is too far ahead.

        Args:
            partition: its number.
            now_ns: monotonic clock.
        """
        if len(self._places) <= 1:
            return False
        with self._lock:
            own = self._places.get(partition)
            if own is None:
                return False
            if own.time_ns - self._slowest_ns(own, now_ns) <= max(AHEAD_NS, BATCHES * own.span_ns):
                own.resting_since_ns = None
                return False
            if own.resting_since_ns is None:
                own.resting_since_ns = now_ns
            own.heard_ns = now_ns
            return now_ns - own.resting_since_ns < LONGEST_REST_NS

    def _slowest_ns(self, own: _Place, now_ns: int) -> int:
        awaited = (
            one.time_ns for one in self._places.values() if now_ns - one.heard_ns < AWAITED_NS
        )
        return min(awaited, default=own.time_ns)
