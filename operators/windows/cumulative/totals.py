"""Totals of the periods that have begun, up to a step, and the steps that come after it."""

from functools import partial
from typing import Any

import polars as pl

from operators.windows.cumulative.periods import Periods
from operators.windows.cumulative.preaggregate import PERIOD, STEP
from operators.windows.merging import merge_part
from operators.windows.ordered import Ordered
from operators.windows.part import Part
from operators.windows.pile import Pile
from operators.windows.plan import WindowPlan


class Totals:
    """What each key has had since the start of each period that has not ended.

    Args:
        plan: the window.
        periods: its periods.
    """

    def __init__(self, plan: WindowPlan, periods: Periods) -> None:
        self._plan = plan
        self._periods = periods
        self._to_come = Ordered(STEP, partial(merge_part, plan, places=[PERIOD, STEP]))
        self._total = Pile(partial(merge_part, plan, places=[PERIOD]))
        self.begun: set[int] = set()
        """Starts of the periods that there are totals of."""

    @property
    def empty(self) -> bool:
        """Whether it holds no event."""
        return not len(self._total) and not len(self._to_come)

    @property
    def most(self) -> int:
        """How many keys there are at most, now and to come."""
        return len(self._total) + len(self._to_come)

    def add(self, part: Part) -> None:
        """Take in what a batch brought, by `PERIOD` and `STEP`."""
        self._to_come.add(part)

    def due(self, until_ns: int) -> list[int]:
        """Steps to come that end by then and have events, ascending."""
        return self._to_come.places(until_ns + 1) if self._to_come.first <= until_ns else []

    def take(self, until_ns: int) -> Part | None:
        """The steps that end by then, by `PERIOD` and `STEP`, not merged; None for nothing.

        They are part of nothing until they are `put`.
        """
        return self._to_come.take(until_ns + 1)

    def put(self, ended: Part | None) -> None:
        """Add steps to the totals."""
        if ended is not None:
            tables = {name: table.drop(STEP) for name, table in ended.tables.items()}
            self._total.add(Part(ended.rows.drop(STEP), tables))
            self.begun.update(ended.rows[PERIOD].unique().to_list())

    def total(self, places: pl.DataFrame | None = None) -> Part | None:
        """Totals by `PERIOD`, not merged: of some keys and periods, or of all; None for nothing."""
        held = self._total.all()
        if held is None or places is None:
            return held
        part = matching(held, places) if places.height else None
        return part if part is not None and part.rows.height else None

    def forget(self, until_ns: int) -> None:
        """Drop the totals of periods that have ended by then."""
        over = [start for start in self.begun if self._periods.end(start) <= until_ns]
        held = self._total.merged() if over else None
        if held is not None:
            self._total.replace(held.filter(~pl.col(PERIOD).is_in(over)))
            self.begun.difference_update(over)

    def snapshot(self) -> dict[str, Any]:
        """Everything a restart needs."""
        return {"total": self._total.merged(), "to_come": self._to_come.runs}

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Take over what `snapshot` returned."""
        total, to_come = snapshot["total"], snapshot["to_come"]
        self._total.replace(total)
        self.begun = set() if total is None else set(total.rows[PERIOD].unique().to_list())
        # One part, in no order, is what earlier versions saved.
        self._to_come.hold(to_come if isinstance(to_come, list) else [])
        if isinstance(to_come, Part):
            self._to_come.add(to_come)


def matching(part: Part, places: pl.DataFrame) -> Part:
    """What a part has of some keys and places: those of the columns of `places`."""

    def some(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.join(places, on=places.columns, how="semi", nulls_equal=True)

    return Part(some(part.rows), {name: some(table) for name, table in part.tables.items()})
