"""Periods and the steps within them: calendar days and weeks of a time zone, or fixed lengths."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property, lru_cache
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from operators.windows.shapes import Cumulative

Times = npt.NDArray[np.int64]

DAY_NS = 86_400_000_000_000
WEEK_NS = 7 * DAY_NS
_DAYS_OF = {DAY_NS: 1, WEEK_NS: 7}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = _EPOCH.toordinal()


class Periods:
    """Which period and step a time lies in.

    A day or a week (from Monday) begins at midnight of the time zone, or with the first moment of
    a day that has no midnight, so it may be an hour longer or shorter than others; any other length
    is aligned to the epoch. Steps are counted from the start of the period; the last one ends with
    it.

    Args:
        shape: the windows.
    """

    def __init__(self, shape: Cumulative) -> None:
        self._shape = shape
        self._days = _DAYS_OF.get(shape.size_ns, 0)

    @property
    def every_ns(self) -> int:
        """Length of a step."""
        return self._shape.every_ns

    def steps(self, times: Times) -> tuple[Times, Times]:
        """Start of the period and end of the step that each time lies in."""
        starts, ends = self._periods(times)
        every = self._shape.every_ns
        step_ends = starts + ((times - starts) // every + 1) * every
        return starts, np.minimum(step_ends, ends)

    def end(self, start_ns: int) -> int:
        """End of the period that starts there."""
        if not self._days:
            return start_ns + self._shape.size_ns
        _, ends = self._periods(np.array([start_ns], np.int64))
        return int(ends[0])

    def ends(self, start_ns: int, after_ns: int, until_ns: int) -> Times:
        """Ends of the period's steps in (after, until], ascending.

        Args:
            start_ns: start of the period.
            after_ns: need not fit 64 bits, nor does `until_ns`.
            until_ns: see there.
        """
        end, every = self.end(start_ns), self._shape.every_ns
        first = max((after_ns - start_ns) // every + 1, 1)
        # The end of the period need not be a whole step away.
        last = (min(until_ns, end - 1) - start_ns) // every
        found = start_ns + every * np.arange(first, max(last + 1, first), dtype=np.int64)
        return np.append(found, end) if after_ns < end <= until_ns else found

    def _periods(self, times: Times) -> tuple[Times, Times]:
        if not self._days:
            starts = times // self._shape.size_ns * self._shape.size_ns
            return starts, starts + self._shape.size_ns
        days = np.unique(times // DAY_NS) + _EPOCH_DAY
        bounds = self._bounds(days.tolist())
        at = np.searchsorted(bounds, times, side="right")
        return bounds[at - 1], bounds[at]

    def _bounds(self, days: Iterable[int]) -> Times:
        """Starts of all periods near days of UTC, given by their ordinals."""
        # The local date is at most a day away; the end of its period is the next one's start.
        near = {day + offset for day in days for offset in (-1, 0, 1)}
        firsts = {day - (day - 1) % self._days for day in near}
        firsts |= {day + self._days for day in firsts}
        return np.unique(np.array([_midnight(self._zone, day) for day in firsts], np.int64))

    @cached_property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self._shape.timezone)


@lru_cache(maxsize=4_096)
def _midnight(zone: ZoneInfo, day: int) -> int:
    """When a day begins, in nanoseconds: at the first of two midnights, or where one is skipped."""
    begins = datetime.combine(date.fromordinal(day), time(), zone).astimezone(UTC)
    return (begins - _EPOCH) // timedelta(microseconds=1) * 1_000
