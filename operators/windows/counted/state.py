"""One window of a number of events in one key group."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import polars as pl

from operators.ordering.buffer import EventTimeBuffer
from operators.windows.accumulators import FIRST, LAST, ROWS
from operators.windows.collecting import collect
from operators.windows.counted.places import (
    LAST_EVENT,
    LAST_TIME,
    NUMBER,
    PANE,
    SEEN,
    WINDOW,
    complete,
    distinct_times,
    first_pane,
    panes_of,
    placed,
    with_keys,
)
from operators.windows.merging import merge_part
from operators.windows.part import CLOSED, Part, concat_parts
from operators.windows.pile import Pile
from operators.windows.plan import WindowPlan
from operators.windows.saved import check_layout
from operators.windows.shapes import Counted, of_kind
from tidegauge.batch import NO_TIME, TIME

_NEW, _COMPLETE, _THEN, _NEEDED = "_new", "_complete", "_then", "_needed"


class CountedState:
    """Events that wait for the watermark, panes of those that were counted, and their number.

    Events are counted in event-time order (ties by source, partition and offset), as far as the
    watermark allows; a window is given out when its last event has been counted. A correction would
    have to shift every later window, so it is not counted but told of in `dropped`. A key that was
    silent for its time to live begins anew.
    """

    def __init__(self, plan: WindowPlan) -> None:
        self._plan = plan
        self._by = list(plan.by)
        self._shape = of_kind(plan.shape, Counted)
        self._waiting = EventTimeBuffer()
        self._panes = Pile(partial(merge_part, plan, places=[PANE]))
        keys = {key: kind.dtype for key, kind in plan.by.items()}
        self._seen = pl.DataFrame(
            schema={**keys, SEEN: pl.Int64, LAST_TIME: pl.Int64, LAST_EVENT: pl.Int64}
        )
        self._watermark_ns = NO_TIME
        self.dropped = 0
        """Corrections, and events that came behind the watermark."""

    @property
    def empty(self) -> bool:
        """Whether it holds no event, also none of a window that is not complete."""
        return not len(self._waiting) and not len(self._panes)

    def add(self, on_time: Part | None, corrections: Part | None) -> list[pl.DataFrame]:
        """Take in what a batch brought.

        Where a partition wakes from idleness in another process, on-time events can arrive behind
        the watermark: they are in no window, and given back.
        """
        late = []
        if on_time is not None and on_time.rows.height:
            behind = on_time.rows[TIME] < self._watermark_ns
            if behind.any():
                late.append(on_time.rows.filter(behind))
            self.dropped += int(behind.sum())
            self._waiting.add(on_time.rows.filter(~behind))
        if corrections is not None:
            self.dropped += corrections.rows.height
        return late

    def advance(self, watermark_ns: int) -> Iterator[Part]:
        """Count what the watermark has passed.

        Yields:
            rows of key columns, `CLOSED` and accumulators, by the windows' ends, and tables.
        """
        if watermark_ns <= self._watermark_ns:
            return
        self._watermark_ns = watermark_ns
        events = self._waiting.release(watermark_ns)
        if events is None:
            return
        ttl_ns = self._plan.limits.ttl_ns
        located = placed(self._shape, events, self._seen, self._by, ttl_ns)
        self._panes.add(collect(self._plan, located, [PANE]))
        keys = self._counted(located)
        closed = self._close(keys.filter(pl.col(_COMPLETE) < pl.col(_THEN)))
        self._note(keys, closed)
        if closed is not None:
            yield self._result(closed)

    def snapshot(self) -> dict[str, Any]:
        """Everything a restart needs, as frames, which never change."""
        return {
            "layout": self._plan.layout,
            "waiting": self._waiting.snapshot(),
            "panes": self._panes.merged(),
            "seen": self._seen,
            "watermark_ns": self._watermark_ns,
            "dropped": self.dropped,
        }

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Take over what `snapshot` returned.

        Raises:
            UserMistake: it is of a window that was declared otherwise.
        """
        check_layout(self._plan, snapshot["layout"])
        self._waiting = EventTimeBuffer(snapshot["waiting"])
        self._panes.replace(snapshot["panes"])
        self._seen = snapshot["seen"]
        self._watermark_ns = snapshot["watermark_ns"]
        self.dropped = snapshot["dropped"]

    def _counted(self, events: pl.DataFrame) -> pl.DataFrame:
        """Keys of these events: what was seen of them with these, and how many windows that makes.

        `_COMPLETE` windows were complete before, `_THEN` are now.
        """
        new = (pl.col(NUMBER).max() + 1).alias(_NEW), pl.col(TIME).max().alias(LAST_EVENT)
        counts = events.group_by(self._by).agg(new) if self._by else events.select(new)
        seen = self._seen.drop(LAST_EVENT)
        keys = with_keys(counts, seen, self._by).with_columns(pl.col(SEEN).fill_null(0))
        keys = keys.with_columns(complete(self._shape).alias(_COMPLETE))
        keys = keys.with_columns(pl.col(_NEW).alias(SEEN)).drop(_NEW)
        return keys.with_columns(complete(self._shape).alias(_THEN))

    def _close(self, keys: pl.DataFrame) -> Part | None:
        """The windows that became complete, by key and number, with their times."""
        panes = self._panes.all()
        if panes is None or not keys.height:
            return None
        numbers = pl.int_ranges(_COMPLETE, _THEN).alias(WINDOW)
        windows = keys.select(*self._by, LAST_TIME, numbers).explode(WINDOW)
        merged = [self._merged(panes, some) for some in panes_of(self._shape, windows)]
        closed = concat_parts(merged)
        whole = pl.col(ROWS.name) == self._shape.size
        if not closed.rows.select(whole.all()).item():
            # Windows that a silence cut: no others lack events.
            kept = closed.rows.filter(whole).select(*self._by, WINDOW)
            on = [*self._by, WINDOW]
            closed = Part(
                closed.rows.filter(whole),
                {
                    name: table.join(kept, on=on, how="semi", nulls_equal=True)
                    for name, table in closed.tables.items()
                },
            )
        if not closed.rows.height:
            return None
        before = keys.select(*self._by, LAST_TIME)
        rows = with_keys(closed.rows.sort(WINDOW), before, self._by)
        return Part(distinct_times(rows, LAST.name, self._by), closed.tables)

    def _merged(self, panes: Part, wanted: pl.DataFrame) -> Part:
        """Windows made of the panes that stand beside them."""
        on = [*self._by, PANE]
        places = wanted.select(*on, WINDOW)
        rows = panes.rows.join(places, on=on, nulls_equal=True).drop(PANE)
        tables = {
            name: table.join(places, on=on, nulls_equal=True).drop(PANE)
            for name, table in panes.tables.items()
        }
        return merge_part(self._plan, Part(rows, tables), [WINDOW])

    def _note(self, keys: pl.DataFrame, closed: Part | None) -> None:
        """Remember how far each key is, and drop panes that no window to come needs."""
        times = pl.col(LAST_TIME)
        if closed is not None:
            newest = pl.col("time_ns").max()
            rows = closed.rows
            made = rows.group_by(self._by).agg(newest) if self._by else rows.select(newest)
            keys = with_keys(keys, made, self._by)
            times = pl.max_horizontal(LAST_TIME, "time_ns")
        known = keys.select(*self._by, SEEN, times.alias(LAST_TIME), LAST_EVENT)
        old = self._seen
        if self._by:
            old = old.join(known, on=self._by, how="anti", nulls_equal=True)
        self._seen = self._unfinished(pl.concat([old, known]) if self._by else known)
        panes = self._panes.all()
        if closed is not None and panes is not None:
            needed = keys.select(*self._by, first_pane(self._shape, pl.col(_THEN)).alias(_NEEDED))
            self._panes.replace(self._without(panes, needed))

    def _unfinished(self, seen: pl.DataFrame) -> pl.DataFrame:
        """Without keys of which nothing is held that a window to come, or its time, depends on."""
        if self._shape.every < self._shape.size:
            return seen
        whole = pl.col(SEEN) % self._shape.size == 0
        return seen.filter(
            ~(whole & (pl.col(LAST_TIME) < self._watermark_ns)).fill_null(value=False)
        )

    def _without(self, panes: Part, needed: pl.DataFrame) -> Part:
        """Panes without those below `_NEEDED` of their key."""
        keep = pl.col(_NEEDED).is_null() | (pl.col(PANE) >= pl.col(_NEEDED))

        def kept(frame: pl.DataFrame) -> pl.DataFrame:
            return with_keys(frame, needed, self._by).filter(keep).drop(_NEEDED)

        return Part(kept(panes.rows), {name: kept(table) for name, table in panes.tables.items()})

    def _result(self, closed: Part) -> Part:
        """Windows as closed ones."""
        on = [*self._by, WINDOW]
        revision = pl.lit(0, pl.Int64).alias("revision")
        rows = closed.rows.with_columns(pl.col(FIRST.name).alias("start_ns"), revision)
        places = rows.select(*on, *CLOSED)
        tables = {
            name: table.join(places, on=on, nulls_equal=True).drop(WINDOW)
            for name, table in closed.tables.items()
        }
        return Part(rows.drop(WINDOW, LAST_TIME).sort("time_ns", maintain_order=True), tables)
