"""Keeping the state of one window in one key group within its limits, whatever its kind."""

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from operators.windows.accumulators import FIRST, ROWS
from operators.windows.keyholders import KeyHolder, time_column
from operators.windows.limits import Limits
from operators.windows.part import Part
from tidegauge.batch import END_OF_TIME, NO_TIME

_CHECKS_PER_TTL = 10
_DROPPED_AT_ONCE = 10
"""One in so many of the keys is dropped where the oldest make room, for it is not cheap."""


@dataclass
class Admitted:
    """What of a batch goes into the state, and the rows of keys that do not."""

    on_time: Part | None
    corrections: Part | None
    refused: list[pl.DataFrame] = field(default_factory=list)


class Bounds:
    """Admits what comes in, and drops keys.

    The keys that are held follow from the order in which batches arrive here. With one partition,
    that is the order of the log up to how it was cut into batches; which keys are one too many can
    differ between two runs, how many are held cannot exceed the limit in any.

    Args:
        by: key columns.
        limits: the limits.
        holder: the keys of the state.

    Attributes:
        refused: events of keys too many.
        evicted: keys that were dropped.
    """

    def __init__(self, by: list[str], limits: Limits, holder: KeyHolder) -> None:
        self._by = by
        self._limits = limits
        self._holder = holder
        self._exact = True
        self._checked_ns = NO_TIME
        self.refused = 0
        self.evicted = 0

    def restored(self) -> None:
        """The state is that of an earlier run: keys may be held that are in no window any more."""
        self._exact = False

    def admit(self, on_time: Part | None, corrections: Part | None) -> Admitted:
        """What of this may go into the state, after room was made for it."""
        admitted = Admitted(on_time, corrections)
        frames = [part.rows for part in (on_time, corrections) if part and part.rows.height]
        if not frames or not self._by:
            return admitted
        if not self._surely_room(frames):
            refused = self._make_room(frames)
            if refused is not None:
                admitted = self._without(admitted, refused)
        for part in (admitted.on_time, admitted.corrections):
            if part is not None and part.rows.height:
                self._holder.note(part.rows)
        return admitted

    def _surely_room(self, frames: list[pl.DataFrame]) -> bool:
        """Whether there is room even if every row has a key of its own."""
        coming = sum(frame.height for frame in frames)
        if self._holder.keys + coming > self._limits.max_keys:
            return False
        columns = [frame[name] for frame in frames for name in _texts(frame, self._by)]
        size = sum(int(column.estimated_size()) for column in columns)
        return self._holder.key_bytes + size <= self._limits.max_key_bytes

    def advanced(self, watermark_ns: int, *, closed: bool) -> None:
        """The watermark is there, and windows may have been closed."""
        if closed:
            self._exact = False
        ttl_ns = self._limits.ttl_ns
        # At the end of the data nobody was silent; without keys nobody is forgotten.
        if ttl_ns is None or not self._by or watermark_ns == END_OF_TIME:
            return
        if watermark_ns < self._checked_ns + ttl_ns // _CHECKS_PER_TTL:
            return
        self._checked_ns = watermark_ns
        idle = np.flatnonzero(self._holder.last_times() <= watermark_ns - ttl_ns)
        if idle.size:
            before = self._holder.keys
            self._holder.refresh()
            idle = np.flatnonzero(self._holder.last_times() <= watermark_ns - ttl_ns)
            if idle.size:
                self._drop(idle)
            self._exact = before == self._holder.keys

    def _make_room(self, frames: list[pl.DataFrame]) -> pl.DataFrame | None:
        """Keys for which there is no room."""
        fresh = self._fresh(frames)
        if self._room(fresh) == fresh.height:
            return None
        if not self._exact:
            self._holder.refresh()
            self._exact = True
            fresh = self._fresh(frames)
        most = self._limits.max_keys
        over = self._holder.keys + fresh.height - most
        if over > 0 and self._limits.on_full == "drop_oldest":
            fresh = self._without_oldest(over + most // _DROPPED_AT_ONCE, frames)
        while self._limits.on_full == "drop_oldest" and self._too_large(fresh):
            fresh = self._without_oldest(1 + self._holder.keys // _DROPPED_AT_ONCE, frames)
        room = self._room(fresh)
        return fresh[room:] if fresh.height > room else None

    def _without_oldest(self, number: int, frames: list[pl.DataFrame]) -> pl.DataFrame:
        """Keys that are not held after the oldest are dropped, which may be in this batch."""
        oldest = np.argsort(self._holder.last_times(), kind="stable")
        self._drop(oldest[:number])
        return self._fresh(frames)

    def _too_large(self, fresh: pl.DataFrame) -> bool:
        """Whether these keys have too many bytes beside those that are held."""
        size = sum(int(fresh[name].str.len_bytes().sum()) for name in _texts(fresh, self._by))
        over = self._holder.key_bytes + size > self._limits.max_key_bytes
        return over and self._holder.keys > 0

    def _room(self, fresh: pl.DataFrame) -> int:
        """How many of these keys, from the first on, there is room for."""
        count = min(max(self._limits.max_keys - self._holder.keys, 0), fresh.height)
        texts = _texts(fresh, self._by)
        if not texts:
            return count
        left = self._limits.max_key_bytes - self._holder.key_bytes
        sizes = fresh.select(pl.sum_horizontal(pl.col(texts).str.len_bytes().cast(pl.Int64)))
        return min(count, int((sizes.to_series().cum_sum() <= left).sum()))

    def _fresh(self, frames: list[pl.DataFrame]) -> pl.DataFrame:
        """Keys that are not held, those with the earliest events first."""
        began = [
            FIRST.name if FIRST.name in frame.columns else time_column(frame) for frame in frames
        ]
        rows = pl.concat(
            frame.filter(pl.Series(self._holder.find(frame) < 0)).select(
                *self._by, pl.col(name).alias("_began")
            )
            for frame, name in zip(frames, began, strict=True)
        )
        keys = rows.group_by(self._by).agg(pl.col("_began").min())
        return keys.sort("_began", *self._by).drop("_began")

    def _without(self, admitted: Admitted, keys: pl.DataFrame) -> Admitted:
        refused = []
        kept: list[Part | None] = []
        for part in (admitted.on_time, admitted.corrections):
            if part is None:
                kept.append(None)
                continue
            gone = part.rows.join(keys, on=self._by, how="semi", nulls_equal=True)
            if gone.height:
                refused.append(gone)
                self.refused += events_in(gone)
            tables = {name: self._anti(table, keys) for name, table in part.tables.items()}
            kept.append(Part(self._anti(part.rows, keys), tables))
        return Admitted(kept[0], kept[1], refused)

    def _anti(self, frame: pl.DataFrame, keys: pl.DataFrame) -> pl.DataFrame:
        return frame.join(keys, on=self._by, how="anti", nulls_equal=True, maintain_order="left")

    def _drop(self, slots: np.ndarray[tuple[int], np.dtype[np.int64]]) -> None:
        self.evicted += slots.size
        self._holder.forget(slots)


def _texts(frame: pl.DataFrame, by: list[str]) -> list[str]:
    """The key columns that hold texts."""
    return [name for name in by if frame.schema[name] == pl.String]


def events_in(rows: pl.DataFrame) -> int:
    """How many events pre-aggregated rows stand for."""
    return int(rows[ROWS.name].sum()) if ROWS.name in rows.columns else rows.height
