"""The keys that the state of a window holds, seen the same way for every kind of window."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Protocol

import numpy as np
import polars as pl

from operators.windows.accumulators import LAST
from operators.windows.counted.places import LAST_EVENT
from operators.windows.merging import Array
from operators.windows.part import Part
from operators.windows.plan import WindowPlan
from operators.windows.series import Series, Slots
from tidegauge.batch import NO_TIME, TIME

_SPARE = 256
"""So many keys that are not held any more are never worth looking for."""


class KeyHolder(Protocol):
    """Keys of one window in one key group, by slot."""

    @property
    def keys(self) -> int:
        """How many there are at most: some may have nothing left that is held of them."""

    @property
    def key_bytes(self) -> int:
        """Bytes of the texts of these keys together."""

    def held(self) -> int:
        """How many something is held of."""

    def note(self, rows: pl.DataFrame) -> None:
        """These rows were taken in."""

    def refresh(self) -> None:
        """Make `keys` exact; slots change."""

    def find(self, rows: pl.DataFrame) -> Slots:
        """Slot of each row's key, -1 for one that is not held."""

    def last_times(self) -> Array:
        """Highest event time of each slot, nanoseconds."""

    def forget(self, slots: Slots) -> None:
        """Drop these keys, and all that is held of them; slots change."""


class FrameKeys:
    """Keys of a state whose snapshot is made of frames with the key columns.

    They are noted when they come, for the state itself need not know them until it closes
    something. Those that it has let go of are forgotten when they are as many as those it holds;
    after a restart its frames tell which there are.

    Args:
        plan: the window.
        snapshot: of the state.
        restore: of the state.
    """

    def __init__(
        self,
        plan: WindowPlan,
        snapshot: Callable[[], dict[str, Any]],
        restore: Callable[[dict[str, Any]], None],
    ) -> None:
        self._plan = plan
        self._by = list(plan.by)
        self._snapshot, self._restore = snapshot, restore
        self._series = Series(plan.by)
        self._last = np.full(16, NO_TIME, np.int64)
        self._kept = 0

    @property
    def keys(self) -> int:
        """How many there are at most."""
        return len(self._series)

    @property
    def key_bytes(self) -> int:
        """Bytes of the texts of these keys together."""
        return self._series.text_bytes

    def held(self) -> int:
        """How many something is held of."""
        self.refresh()
        return len(self._series)

    def note(self, rows: pl.DataFrame) -> None:
        """These rows were taken in."""
        slots = self._series.slots(rows)
        if len(self._series) > self._last.size:
            grown = np.full(2 * len(self._series), NO_TIME, np.int64)
            grown[: self._last.size] = self._last
            self._last = grown
        np.maximum.at(self._last, slots, rows[time_column(rows)].to_numpy())

    def refresh(self) -> None:
        """Keep the keys that a frame of the state holds, with the times it has of them."""
        if not self._by:
            return
        held = [
            frame.select(*self._by, pl.col(time_column(frame)).alias(TIME))
            for frame in frames_in(self._snapshot())
            if _has(frame, self._by) and time_column(frame) in frame.columns
        ]
        if not held:
            self._take(Series(self._plan.by), np.zeros(0, np.int64))
            return
        keys = pl.concat(held).group_by(self._by).agg(pl.col(TIME).max()).sort(self._by)
        series = Series(self._plan.by, [keys[name].to_list() for name in self._by])
        self._take(series, keys[TIME].fill_null(NO_TIME).to_numpy())

    def trim(self) -> None:
        """Forget the keys that are not held any more, once they are many."""
        if len(self._series) > 2 * self._kept + _SPARE:
            self.refresh()

    def find(self, rows: pl.DataFrame) -> Slots:
        """Slot of each row's key, -1 for one that is not held."""
        return self._series.find(rows)

    def last_times(self) -> Array:
        """Highest event time of each slot."""
        return self._last[: len(self._series)]

    def forget(self, slots: Slots) -> None:
        """Drop these keys from every frame of the state."""
        gone = pl.DataFrame(self._series.columns(slots))

        def without(frame: pl.DataFrame) -> pl.DataFrame:
            if not _has(frame, self._by):
                return frame
            return frame.join(
                gone, on=self._by, how="anti", nulls_equal=True, maintain_order="left"
            )

        self._restore(map_frames(self._snapshot(), without))
        keep = np.setdiff1d(np.arange(len(self._series)), slots)
        self._take(self._series.kept(keep), self._last[keep])

    def _take(self, series: Series, last: Array) -> None:
        self._series, self._last = series, last.copy()
        self._kept = len(series)


def time_column(rows: pl.DataFrame) -> str:
    """Name of the column that tells when the newest event of a row was."""
    return next((name for name in (LAST.name, LAST_EVENT) if name in rows.columns), TIME)


def map_frames(state: Any, change: Callable[[pl.DataFrame], pl.DataFrame]) -> Any:
    """A snapshot with every frame in it changed; what is not changed is the same object."""
    match state:
        case pl.DataFrame():
            return change(state)
        case Part():
            tables = {name: change(table) for name, table in state.tables.items()}
            return replace(state, rows=change(state.rows), tables=tables)
        case dict():
            return {key: map_frames(value, change) for key, value in state.items()}
        case list() | tuple() if not hasattr(state, "_fields"):
            return type(state)(map_frames(value, change) for value in state)
    return state


def frames_in(state: Any) -> Iterator[pl.DataFrame]:
    """All frames in a snapshot."""
    found: list[pl.DataFrame] = []

    def see(frame: pl.DataFrame) -> pl.DataFrame:
        found.append(frame)
        return frame

    map_frames(state, see)
    yield from found


def _has(frame: pl.DataFrame, by: list[str]) -> bool:
    return set(by) <= set(frame.columns)
