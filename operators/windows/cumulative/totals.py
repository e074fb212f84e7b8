"""Totals of the periods that have begun, up to a step, and the steps that come after it."""

from functools import partial
from typing import Any

import polars as pl

from operators.windows.cumulative.periods import Periods, Times
from operators.windows.cumulative.preaggregate import PERIOD, STEP
from operators.windows.merging import merge_part
from operators.windows.part import Part, concat_parts
from operators.windows.pile import Pile
from operators.windows.plan import WindowPlan
from tidegauge.batch import END_OF_TIME


class Totals:
    """What each key has had since the start of each period that has not ended.

    Args:
        plan: the window.
        periods: its periods.
    """

    def __init__(self, plan: WindowPlan, periods: Periods) -> None:
        self._plan = plan
        self._periods = periods
        self._to_come = Pile(partial(merge_part, plan, places=[PERIOD, STEP]))
        self._next_ns = END_OF_TIME
        self.total: Part | None = None
        self.begun: list[int] = []
        """Starts of the periods that there are totals of, ascending."""

    @property
    def empty(self) -> bool:
        """Whether it holds no event."""
        return self.total is None and not len(self._to_come)

    def add(self, part: Part) -> None:
        """Take in what a batch brought, by `PERIOD` and `STEP`."""
        if part.rows.height:
            earliest: int = part.rows[STEP].min()  # type: ignore[assignment]  # Int64 without nulls
            self._next_ns = min(self._next_ns, earliest)
            self._to_come.add(part)

    def due(self, until_ns: int) -> list[int]:
        """Steps to come that end by then and have events, ascending."""
        held = self._to_come.all() if self._next_ns <= until_ns else None
        if held is None:
            return []
        steps = held.rows[STEP]
        return sorted(steps.filter(steps <= until_ns).unique().to_list())

    def roll(self, until_ns: int) -> None:
        """Add the steps that end by then to the totals."""
        held = self._to_come.all() if self._next_ns <= until_ns else None
        if held is None:
            return
        ended = held.filter(pl.col(STEP) <= until_ns)
        rest = held.filter(pl.col(STEP) > until_ns)
        self._to_come.replace(rest)
        self._look(rest)
        tables = {name: table.drop(STEP) for name, table in ended.tables.items()}
        parts = [Part(ended.rows.drop(STEP), tables)]
        if self.total is not None:
            parts.insert(0, self.total)
        self._set(merge_part(self._plan, concat_parts(parts), [PERIOD]))

    def forget(self, until_ns: int) -> None:
        """Drop the totals of periods that have ended by then."""
        over = [start for start in self.begun if self._periods.end(start) <= until_ns]
        if over and self.total is not None:
            self._set(self.total.filter(~pl.col(PERIOD).is_in(over)))

    def snapshot(self) -> dict[str, Any]:
        """Everything a restart needs."""
        return {"total": self.total, "to_come": self._to_come.merged()}

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Take over what `snapshot` returned."""
        if snapshot["total"] is not None:
            self._set(snapshot["total"])
        self._to_come.replace(snapshot["to_come"])
        if snapshot["to_come"] is not None:
            self._look(snapshot["to_come"])

    def _set(self, total: Part) -> None:
        self.total = total if total.rows.height else None
        self.begun = sorted(total.rows[PERIOD].unique().to_list())

    def _look(self, held: Part) -> None:
        earliest: int | None = held.rows[STEP].min()  # type: ignore[assignment]  # Int64
        self._next_ns = END_OF_TIME if earliest is None else earliest


def repeated(total: Part, period: int, ends: Times, revision: int) -> Part:
    """The total of a period as the windows from its start to each of these ends."""
    places = pl.DataFrame({"time_ns": pl.Series(ends, dtype=pl.Int64)}).with_columns(
        pl.lit(period, pl.Int64).alias("start_ns"), pl.lit(revision, pl.Int64).alias("revision")
    )
    own = total.filter(pl.col(PERIOD) == period)

    def placed(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.drop(PERIOD).join(places, how="cross")

    return Part(placed(own.rows), {name: placed(table) for name, table in own.tables.items()})
