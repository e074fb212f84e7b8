"""One series: the newest points of the fields of a signal for one key."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

_SMALLEST = 16


class Series:
    """Points in order of time; one with the time of another overwrites it.

    Every point knows the change that brought it (a number that the feed counts up), so that any
    client can be given what it lacks without a queue of its own.

    Args:
        number: its number in the feed.
        signal: name of the signal.
        keys: its key columns and their values.
        fields: names of its fields.
    """

    __slots__ = (
        "_changes",
        "_end",
        "_start",
        "_times",
        "_values",
        "changed",
        "fields",
        "keys",
        "number",
        "signal",
    )

    def __init__(
        self, number: int, signal: str, keys: Mapping[str, str], fields: Sequence[str]
    ) -> None:
        self.number = number
        self.signal = signal
        self.keys = keys
        self.fields = fields
        self.changed = 0
        self._start = 0
        self._end = 0
        self._times = np.zeros(_SMALLEST, np.int64)
        self._changes = np.zeros(_SMALLEST, np.int64)
        self._values = np.zeros((len(fields), _SMALLEST))

    def __len__(self) -> int:
        return self._end - self._start

    @property
    def newest_ns(self) -> int:
        """Time of the newest point; 0 without points."""
        return int(self._times[self._end - 1]) if self._end else 0

    @property
    def newest(self) -> list[float]:
        """Values of the newest point, by field; NaN where there is none."""
        values: list[float] = self._values[:, self._end - 1].tolist()
        return values

    def put(self, time_ns: int, values: Sequence[float | None], change: int, depth: int) -> None:
        """Add or overwrite a point, and forget the oldest beyond `depth` points.

        A point that says what is known already is no change, nor is one before all that are kept.
        """
        row = np.array(values, np.float64)
        place = self._place(time_ns)
        if place < self._end and self._times[place] == time_ns:
            if np.array_equal(self._values[:, place], row, equal_nan=True):
                return
        elif place == self._start and len(self) >= depth:
            return
        else:
            place = self._opened(place)
            self._times[place] = time_ns
        self._changes[place] = change
        self._values[:, place] = row
        self.changed = change
        self._start = max(self._start, self._end - depth)

    def since(self, change: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Times and values (fields by points) of the points that came after a change."""
        new = self._start + np.flatnonzero(self._changes[self._start : self._end] > change)
        return self._times[new], self._values.take(new, axis=1)

    def _place(self, time_ns: int) -> int:
        if not self._end or time_ns > self._times[self._end - 1]:
            return self._end
        return self._start + int(np.searchsorted(self._times[self._start : self._end], time_ns))

    def _opened(self, place: int) -> int:
        """Make room for a point at a place, which may move; the place it has then."""
        if self._end == len(self._times):
            place -= self._start
            self._rehouse(max(_SMALLEST, 2 * len(self)))
        for array in (self._times, self._changes, *self._values):
            array[place + 1 : self._end + 1] = array[place : self._end].copy()
        self._end += 1
        return place

    def _rehouse(self, capacity: int) -> None:
        """Move the points that are kept to the beginning of new arrays."""
        length = len(self)
        kept = slice(self._start, self._end)
        for name in ("_times", "_changes", "_values"):
            old = getattr(self, name)
            new = np.zeros((*old.shape[:-1], capacity), old.dtype)
            new[..., :length] = old[..., kept]
            setattr(self, name, new)
        self._start, self._end = 0, length
