"""Parts of a window in the order of their places: what lies before one is cut off, not sought."""

from collections.abc import Callable, Iterator

import numpy as np
import polars as pl

from operators.windows.merging import Array
from operators.windows.part import Part, concat_parts
from operators.windows.pile import MERGE_ROWS
from tidegauge.batch import END_OF_TIME, NO_TIME


class Ordered:
    """Parts in sorted runs, of which each is at least twice as long as the next.

    So a part costs little to add, a range of places is a slice of a few runs, and of what is saved
    most stays as it was. All is merged when it has become twice as much as after the last time, or
    half: the memory is about that of the merged rows.

    Args:
        place: column by which parts are ordered (Int64 without nulls), in rows and tables.
        merge: what makes fewer rows of some, without changing what they amount to.
        few: so many rows are never merged for their number.
    """

    def __init__(self, place: str, merge: Callable[[Part], Part], few: int = MERGE_ROWS) -> None:
        self._place = place
        self._merge = merge
        self._few = few
        self._runs: list[Part] = []
        self._merged = 0

    def __len__(self) -> int:
        """Rows, here and in the tables."""
        return sum(map(_height, self._runs))

    @property
    def runs(self) -> list[Part]:
        """Everything, as it is held."""
        return list(self._runs)

    @property
    def first(self) -> int:
        """The lowest place; the end of time where there is none."""
        starts = (int(frame[self._place][0]) for run in self._runs for frame in _frames(run))
        return min(starts, default=END_OF_TIME)

    @property
    def nbytes(self) -> int:
        """Size of all rows."""
        return sum(int(frame.estimated_size()) for run in self._runs for frame in _frames(run))

    def places(self, until: int = END_OF_TIME) -> list[int]:
        """Places below `until` that rows lie in, ascending."""
        found = [self._columns(run.rows, NO_TIME, until) for run in self._runs]
        held: list[int] = np.unique(np.concatenate(found)).tolist() if found else []
        return held

    def add(self, part: Part) -> None:
        """Put a part in."""
        if not _height(part):
            return
        self._runs.append(self._sorted(part))
        while len(self._runs) > 1 and _height(self._runs[-2]) < 2 * _height(self._runs[-1]):
            last = self._runs.pop()
            self._runs[-1] = self._sorted(concat_parts([self._runs[-1], last]))
        self._settle()

    def between(self, first: int, until: int) -> Part | None:
        """What lies from `first` up to, but not at, `until`, not merged; None for nothing."""
        found = [part for run in self._runs if _height(part := self._cut(run, first, until))]
        return concat_parts(found) if found else None

    def take(self, until: int) -> Part | None:
        """What lies below `until`, which is held no longer; None for nothing."""
        if self.first >= until:
            return None
        found = self.between(NO_TIME, until)
        self.drop(until)
        return found

    def drop(self, before: int) -> None:
        """Let go of what lies below a place."""
        if self.first >= before:
            return
        rest = (self._cut(run, before, END_OF_TIME) for run in self._runs)
        self._runs = [run for run in rest if _height(run)]
        self._settle()

    def change(self, change: Callable[[Part], Part]) -> None:
        """Change every run to one with as many rows or fewer, of which none has another place."""
        self._runs = [run for each in self._runs if _height(run := change(each))]
        self._merged = len(self)

    def hold(self, runs: list[Part]) -> None:
        """Hold these instead, as `runs` told them."""
        self._runs = [run for run in runs if _height(run)]
        self._merged = len(self)

    def _settle(self) -> None:
        """Merge all where it has become much, or hold little where little is left of much."""
        height = len(self)
        if self._merged // 2 - self._few <= height <= 2 * self._merged + self._few:
            return
        self._runs = [self._sorted(self._merge(concat_parts(self._runs)))] if self._runs else []
        self._merged = len(self)

    def _sorted(self, part: Part) -> Part:
        return Part(
            self._in_order(part.rows), {n: self._in_order(t) for n, t in part.tables.items()}
        )

    def _in_order(self, frame: pl.DataFrame) -> pl.DataFrame:
        places = frame[self._place].to_numpy()
        if (places[1:] >= places[:-1]).all():
            return frame
        return frame[np.argsort(places, kind="stable")]

    def _cut(self, run: Part, first: int, until: int) -> Part:
        def cut(frame: pl.DataFrame) -> pl.DataFrame:
            places = frame[self._place].to_numpy()
            if not places.size or (places[0] >= first and places[-1] < until):
                return frame
            start, end = np.searchsorted(places, [max(first, NO_TIME), min(until, END_OF_TIME)])
            return frame.slice(start, max(int(end) - int(start), 0))

        tables = {name: cut(table) for name, table in run.tables.items()}
        return Part(cut(run.rows), {name: t for name, t in tables.items() if t.height})

    def _columns(self, frame: pl.DataFrame, first: int, until: int) -> Array:
        places: Array = frame[self._place].to_numpy()
        return places[np.searchsorted(places, first) : np.searchsorted(places, until)]


def _frames(part: Part) -> Iterator[pl.DataFrame]:
    """The frames that have rows."""
    yield from (frame for frame in (part.rows, *part.tables.values()) if frame.height)


def _height(part: Part) -> int:
    return part.rows.height + sum(table.height for table in part.tables.values())
