"""Results of many series: the largest as they are, the rest put together as `other`.

The largest are found in each key group for itself, with an equal share of `max_series` for each;
the rest of all groups meets in one step, which gives one row when all groups have come as far.

A result that has such a row is not corrected: what is large would have to be found again, and rows
that were written before would stay beside the new ones.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from operators.keygroups.assign import KeyGroups
from operators.keygroups.names import group_names
from operators.keygroups.saved import check_version
from operators.windows.accumulators import ROWS
from operators.windows.finishing import window_records
from operators.windows.merging import merge_part
from operators.windows.part import CHANGED, CLOSED, Part, concat_parts
from operators.windows.plan import WindowPlan
from operators.windows.shapes import Cumulative, Paned
from tidegauge.batch import NO_TIME
from tidegauge.fieldtypes import FieldType
from tidegauge.records import RecordBatch, Tick, rest_of

OTHER = "other"
"""What key columns of text say in the row of the rest; others are absent in it."""
STATE_VERSION = 1
_QUARTER_NS = 900 * 1_000_000_000


@dataclass(frozen=True, slots=True)
class Rest:
    """What a key group leaves of a window's results, and how far it has come.

    Attributes:
        window: name of the window.
        group: name of the key group.
        watermark_ns: watermark of the key group.
        part: closed windows of the other key; None for none.
    """

    window: str
    group: str
    watermark_ns: int
    part: Part | None


def step_ns(plan: WindowPlan) -> int | None:
    """What divides the times of all results; None where every series has times of its own.

    Those are no results that could be compared, and are never put together; nor are those of
    windows with early results, for a series that is among the largest early may not be later.
    """
    if not plan.by:
        return None
    match plan.shape:
        case Paned(early_ns=0):
            return plan.shape.pane_ns
        case Cumulative():
            # Calendar days begin a multiple of a quarter of an hour from those of UTC.
            return math.gcd(plan.shape.every_ns, _QUARTER_NS)
    return None


def other_group(plan: WindowPlan, key_groups: int) -> str:
    """Name of the key group of the other key."""
    frame = pl.DataFrame(_other_columns(plan))
    number = int(KeyGroups(key_groups).of_frame(frame, list(plan.by))[0])
    return group_names(key_groups)[number]


def largest(plan: WindowPlan, closed: Part, most: int) -> tuple[Part, Part | None]:
    """Of each result the series with most data points, and the rest under the other key.

    Equal ones go by their keys. Where there is a rest, a series whose key is the other key is part
    of it, for it could not be told from it.

    Args:
        plan: the window.
        closed: rows and tables with the key columns and `CLOSED`.
        most: how many series of a result stay.
    """
    if closed.rows.height <= most:
        return closed, None
    by = list(plan.by)
    # Who is large is decided by first results.
    size = pl.when(pl.col("revision") == 0).then(pl.len().over(CLOSED)).otherwise(0)
    mine = pl.all_horizontal(
        pl.col(column.name).eq_missing(column[0]) for column in _other_columns(plan)
    )
    order = closed.rows.sort(mine, -pl.col(ROWS.name), *by, nulls_last=True)
    rank = pl.int_range(pl.len()).over(CLOSED)
    places = order.select(*by, *CLOSED, ((size > most) & (mine | (rank >= most))).alias("_rest"))
    if not places["_rest"].any():
        return closed, None
    rest = places.filter("_rest").drop("_rest")
    kept, gone = _matching(closed, rest, "anti"), _matching(closed, rest, "semi")
    return kept, merge_part(plan, _as_other(plan, gone), CLOSED)


def changed(closed: Part) -> Part:
    """What closed, without series that were there only to be compared with the others."""
    if CHANGED not in closed.rows.columns:
        return closed
    rows = closed.rows.filter(CHANGED).drop(CHANGED)
    if rows.height == closed.rows.height:
        return Part(rows, closed.tables)
    keys = [name for name in closed.rows.columns if not name.startswith("_")]
    return _matching(Part(rows, closed.tables), rows.select(keys), "semi")


class Folded:
    """Results of which a rest was put together, until no correction of them can come."""

    def __init__(self, saved: Sequence[tuple[int, int]] = ()) -> None:
        self._places = set(saved)

    def note(self, rest: Part) -> None:
        """The rest of these results was put together."""
        self._places.update(rest.rows.select("time_ns", "start_ns").iter_rows())

    def uncorrected(self, closed: Part) -> Part:
        """What closed, without corrected results of those noted."""
        if not self._places or not (closed.rows["revision"] > 0).any():
            return closed
        schema = {"time_ns": pl.Int64, "start_ns": pl.Int64}
        places = pl.DataFrame(sorted(self._places), schema, orient="row")
        return _matching(closed, places.with_columns(pl.lit(1, pl.Int64).alias("revision")), "anti")

    def forget(self, before_ns: int) -> None:
        """Results that ended by then are not corrected any more."""
        self._places = {place for place in self._places if place[0] > before_ns}

    def saved(self) -> list[tuple[int, int]]:
        """Everything a restart needs."""
        return sorted(self._places)


class Others:
    """One row for the rest of all key groups.

    Args:
        plans: the windows that have such rows.
        key_groups: number of key groups.
        clock_ns: wall clock, for the processing time in the records.
        snapshot: where an earlier run stopped.
        ticks: windows about whose rows it is told how far they have come.
    """

    def __init__(
        self,
        plans: Sequence[WindowPlan],
        key_groups: int,
        clock_ns: Callable[[], int],
        snapshot: Mapping[str, Any] | None = None,
        ticks: frozenset[str] = frozenset(),
    ) -> None:
        self._ticks = ticks
        self._plans = {plan.name: plan for plan in plans}
        self._key_groups = key_groups
        self._clock_ns = clock_ns
        self._reached: dict[str, dict[str, int]] = {}
        self._waiting: dict[str, Part] = {}
        if snapshot is not None:
            check_version("other series", snapshot["version"], STATE_VERSION)
            self._reached = {name: dict(one) for name, one in snapshot["reached"].items()}
            self._waiting = dict(snapshot["waiting"])

    def take(self, rests: Sequence[Rest]) -> list[Any]:
        """Rows for which every key group has told what it has, and ticks about them."""
        for rest in rests:
            self._reached.setdefault(rest.window, {})[rest.group] = rest.watermark_ns
            if rest.part is not None:
                known = self._waiting.get(rest.window)
                parts = [rest.part] if known is None else [known, rest.part]
                self._waiting[rest.window] = concat_parts(parts)
        names = dict.fromkeys(rest.window for rest in rests)
        made: list[RecordBatch | Tick | None] = [self._ready(name) for name in names]
        made += [self._tick(name) for name in names if name in self._ticks]
        return [item for item in made if item is not None]

    def snapshot(self) -> dict[str, Any]:
        """Everything a restart needs."""
        reached = {name: dict(one) for name, one in self._reached.items()}
        return {"version": STATE_VERSION, "reached": reached, "waiting": dict(self._waiting)}

    def _tick(self, name: str) -> Tick | None:
        reached = self._reached[name]
        if len(reached) < self._key_groups:
            return None
        return Tick(frozenset({rest_of(name)}), "", min(reached.values()))

    def _ready(self, name: str) -> RecordBatch | None:
        plan, waiting, reached = self._plans.get(name), self._waiting.get(name), self._reached[name]
        if plan is None or waiting is None or len(reached) < self._key_groups:
            return None
        least = min(reached.values())
        if least == NO_TIME:
            return None
        due = pl.col("time_ns") <= least
        ready = waiting.rows.filter(due).select(CLOSED).unique()
        if not ready.height:
            return None
        left = _matching(waiting, ready, "anti")
        if left.rows.height:
            self._waiting[name] = left
        else:
            del self._waiting[name]
        merged = merge_part(plan, _matching(waiting, ready, "semi"), CLOSED)
        ordered = Part(merged.rows.sort("revision", "time_ns"), merged.tables)
        return window_records(plan, ordered, self._clock_ns(), None)


def _matching(part: Part, places: pl.DataFrame, how: Any) -> Part:
    """Rows, here and in the tables, with or without one of these places."""

    def joined(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.join(
            places, on=places.columns, how=how, nulls_equal=True, maintain_order="left"
        )

    return Part(joined(part.rows), {name: joined(table) for name, table in part.tables.items()})


def _as_other(plan: WindowPlan, part: Part) -> Part:
    columns = [pl.lit(column).first().alias(column.name) for column in _other_columns(plan)]
    tables = {name: table.with_columns(columns) for name, table in part.tables.items()}
    return Part(part.rows.with_columns(columns), tables)


def _other_columns(plan: WindowPlan) -> list[pl.Series]:
    """The other key, a value for each key column."""
    return [
        pl.Series(name, [OTHER if kind is FieldType.STRING else None], dtype=kind.dtype)
        for name, kind in plan.by.items()
    ]
