"""Which events move the watermark of a partition, and which one did.

A device whose clock is minutes ahead would make all others late. So an event further ahead of its
own Kafka timestamp than the out-of-orderness and the allowed lateness together is taken as any
other, but for the watermark it counts as if it had happened at that timestamp: no event can so be
late for another one's clock. Where a thousand messages in a row are so far ahead it is no clock of
one device, but how the topic is; then event time goes by the events again.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tidegauge.batch import NO_TIME
from tidegauge.durations import format_duration_ns
from tidegauge.savedstate import saved_type
from tidegauge.texts import LINE_WIDTH, cut

Times = npt.NDArray[np.int64]
RUN = 1_000
"""So many messages in a row are no longer the clock of one device."""
LEAST_NS = 1_000_000_000
"""Two clocks that agree to a second agree, and Kafka timestamps are whole milliseconds."""
UNMOVED_NS = NO_TIME + 2**59
"""Event time that an event counts with which moves nothing: below all that there are."""
_MS = 1_000_000
_LATEST_MS = (2**63 - 2**60) // _MS


@saved_type
@dataclass(frozen=True, slots=True)
class Mover:
    """The event to which the watermark of a partition goes back.

    Attributes:
        offset: its offset.
        key: its message's key as text, of sensitive ones the hash; None where it has none.
        ahead_ns: how far it is ahead of its Kafka timestamp.
    """

    offset: int
    key: str | None
    ahead_ns: int

    def __str__(self) -> str:
        key = "" if self.key is None else f" (key {cut(self.key, LINE_WIDTH)!r})"
        if self.ahead_ns < _MS:
            return f"offset {self.offset}{key}"
        ahead = format_duration_ns(self.ahead_ns // _MS * _MS)
        return f"offset {self.offset}{key}, which is {ahead} ahead of its Kafka timestamp"


@saved_type
@dataclass(frozen=True, slots=True)
class ClockState:
    """Saved state.

    Attributes:
        ahead: how many of the newest messages, in a row, are too far ahead; no more than
            matter.
        mover: the event that has moved the watermark last; None where none has.
    """

    ahead: int = 0
    mover: Mover | None = None
    version: int = 1


@dataclass(frozen=True, slots=True)
class Moves:
    """What the events of a batch make of the watermark.

    Attributes:
        times: event time that each counts with.
        held: rows of events that count with less than their own.
        believed: rows of those that would be held, but for how many are so in a row.
    """

    times: Times
    held: npt.NDArray[np.intp]
    believed: npt.NDArray[np.intp]


_NONE = np.zeros(0, np.intp)


class Clocks:
    """Tells of each event of one partition how far it moves event time.

    How far ahead of its Kafka timestamp an event may be, and move it in full, is what is allowed;
    at least `LEAST_NS`.

    Args:
        state: where an earlier run stopped.
        run: so many messages in a row must be ahead before their event times are believed.

    Attributes:
        mover: as in `ClockState`.
    """

    def __init__(self, state: ClockState | None, run: int = RUN) -> None:
        self._run = run
        self._ahead = state.ahead if state is not None else 0
        self.mover = state.mover if state is not None else None

    @property
    def state(self) -> ClockState | None:
        """State after the last batch; None where there is nothing to remember."""
        if self._ahead or self.mover is not None:
            return ClockState(self._ahead, self.mover)
        return None

    def surely_none(self, highest_ns: int, oldest_ms: int, allowed_ns: int) -> bool:
        """Whether no event of a batch can be too far ahead.

        Args:
            highest_ns: the highest event time in it.
            oldest_ms: the lowest Kafka timestamp in it.
            allowed_ns: the least that is allowed to any of them.
        """
        return oldest_ms >= 0 and highest_ns <= oldest_ms * _MS + max(allowed_ns, LEAST_NS)

    def all_in_full(self, times: Times) -> Moves:
        """A batch in which no event is too far ahead."""
        if times.size:
            self._ahead = 0
        return Moves(times, _NONE, _NONE)

    def moves(
        self,
        times: Times,
        stamps_ms: Times,
        allowed_ns: int | Times,
        bounded: npt.NDArray[np.bool_] | None = None,
    ) -> Moves:
        """A batch in which events may be too far ahead.

        Args:
            times: event times in offset order.
            stamps_ms: Kafka timestamps of their messages; below 0 where there is none.
            allowed_ns: what is allowed; one for all events, or one for each.
            bounded: rows whose timestamps are the reader's clock, as their own are later: those
                that are ahead of it move nothing, however many there are.
        """
        if not times.size:
            return Moves(times, _NONE, _NONE)
        stamps = np.where(stamps_ms < 0, _LATEST_MS, np.minimum(stamps_ms, _LATEST_MS)) * _MS
        ahead = times - stamps > np.maximum(allowed_ns, LEAST_NS)
        of_topic = ahead if bounded is None else ahead & ~bounded
        places = np.arange(times.size)
        before = np.maximum.accumulate(np.where(of_topic, -1 - self._ahead, places))
        run = np.where(of_topic, places - before, 0)
        self._ahead = min(int(run[-1]), self._run)
        held = ahead & (run <= self._run)
        believed = np.flatnonzero(ahead & ~held)
        moving = np.where(held, stamps, times)
        if bounded is not None:
            # Where the stream is behind, the clock itself would make the others late.
            moving[held & bounded] = UNMOVED_NS
        return Moves(moving, np.flatnonzero(held), believed)
