"""One cumulative window in one key group: totals of periods, and what the steps make of them."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from operators.windows.accumulators import ROWS, Accumulator, Merge
from operators.windows.cumulative.periods import Periods
from operators.windows.cumulative.preaggregate import PERIOD, STEP
from operators.windows.cumulative.steps import Span, so_far
from operators.windows.cumulative.totals import Totals, matching
from operators.windows.part import CHANGED, ROWS_AT_ONCE, Part, concat_parts
from operators.windows.plan import WindowPlan
from operators.windows.saved import check_layout
from operators.windows.shapes import Cumulative, of_kind
from tidegauge.batch import NO_TIME

_STEPS_AT_ONCE = 16
"""So many steps have their tables made together: rows of one are in those of all later ones."""
_LATE = Accumulator("_late", Merge.ADD, pl.len().cast(pl.Int64), integer=True)
"""Corrections among the events."""


class CumulativeState:
    """A total of on-time events up to the watermark, and one of all events behind it.

    At each step's end that the watermark passes, each key that has had an on-time event in the step
    gets its total so far (revision 0); at the last step's of the period each key that has had one
    in the period. When the watermark passes the end + allowed lateness, keys that have had a
    correction in the period by that end get the total of all their events (revision 1) where the
    step has a result, or has one because of a correction in it. For that, a second total of on-time
    events follows at that distance, beside one of the corrections. No window is held for itself.

    Where what comes after needs it (`WindowPlan.every_step`), keys have a result at each step of
    the period from their first event on.

    Args:
        plan: the window.

    Attributes:
        most: so many keys of a result are given; where there are more, the state gives all of them
            at each step, with the column `CHANGED`. None where there is no limit.
    """

    def __init__(self, plan: WindowPlan) -> None:
        self._plan = plan
        self._late_plan = replace(plan, accumulators=(*plan.accumulators, _LATE))
        self._periods = Periods(of_kind(plan.shape, Cumulative))
        self._leading = Totals(plan, self._periods)
        self._trailing = Totals(plan, self._periods)
        self._corrections = Totals(plan, self._periods)
        self._watermark_ns = NO_TIME
        self.most: int | None = None
        self.dropped = 0
        """Events that came after the last result of their period."""

    @property
    def empty(self) -> bool:
        """Whether it holds no event."""
        return self._leading.empty and self._trailing.empty and self._corrections.empty

    def add(self, on_time: Part | None, corrections: Part | None) -> list[pl.DataFrame]:
        """Take in what a batch brought.

        Where a partition wakes from idleness in another process, on-time events can arrive behind
        the watermark: they become corrections, and past the last one of their period they are
        given back, and counted in `dropped`.
        """
        over: list[pl.DataFrame] = []
        if on_time is not None and on_time.rows.height:
            if int(on_time.rows[STEP].min()) <= self._watermark_ns:  # type: ignore[arg-type]  # Int64
                over += self._correct(on_time.filter(pl.col(STEP) <= self._watermark_ns))
                on_time = on_time.filter(pl.col(STEP) > self._watermark_ns)
            self._leading.add(on_time)
            self._trailing.add(on_time)
        if corrections is not None and corrections.rows.height:
            over += self._correct(corrections)
        return over

    def advance(self, watermark_ns: int) -> Iterator[Part]:
        """Close what the watermark has passed.

        Yields:
            rows of key columns, `CLOSED` and accumulators, by the windows' ends, first results
            first, and tables.
        """
        passed, lateness = self._watermark_ns, self._plan.lateness_ns
        if watermark_ns <= passed:
            return
        self._watermark_ns = watermark_ns
        yield from self._firsts(passed, watermark_ns)
        yield from self._corrected(passed - lateness, watermark_ns - lateness)

    def snapshot(self) -> dict[str, Any]:
        """Everything a restart needs, as frames, which never change."""
        return {
            "layout": self._plan.layout,
            "leading": self._leading.snapshot(),
            "trailing": self._trailing.snapshot(),
            "corrections": self._corrections.snapshot(),
            "watermark_ns": self._watermark_ns,
            "dropped": self.dropped,
        }

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Take over what `snapshot` returned.

        Raises:
            UserMistake: it is of a window that was declared otherwise.
        """
        check_layout(self._plan, snapshot["layout"])
        self._leading.restore(snapshot["leading"])
        self._trailing.restore(snapshot["trailing"])
        self._corrections.restore(snapshot["corrections"])
        self._watermark_ns = snapshot["watermark_ns"]
        self.dropped = snapshot["dropped"]

    def _correct(self, part: Part) -> list[pl.DataFrame]:
        late_rows = []
        final_ns = self._watermark_ns - self._plan.lateness_ns
        starts = part.rows[PERIOD].unique().to_list()
        over = [start for start in starts if self._periods.end(start) <= final_ns]
        if over:
            late = pl.col(PERIOD).is_in(over)
            late_rows.append(part.rows.filter(late))
            self.dropped += int(late_rows[0][ROWS.name].sum())
            part = part.filter(~late)
        self._corrections.add(part)
        return late_rows

    def _firsts(self, after_ns: int, until_ns: int) -> Iterator[Part]:
        """First results of the steps that end in (after, until]."""
        totals, whole = self._leading, self._plan.every_step
        folds = self.most is not None and totals.most > self.most
        for span in self._spans([totals], after_ns, until_ns, whole=whole or folds):
            steps = totals.take(span.until_ns)
            base = totals.total(self._concerned(steps, [totals], span))
            made = so_far(self._plan, self._periods, base, steps, span)
            totals.put(steps)
            totals.forget(span.until_ns)
            if made is not None:
                yield _closed(made, 0, [CHANGED] if whole else [])

    def _corrected(self, after_ns: int, until_ns: int) -> Iterator[Part]:
        """Corrected results of the steps that end in (after, until]."""
        both = self._trailing, self._corrections
        if not self._corrections.empty:
            whole = self._plan.every_step
            for span in self._spans(both, after_ns, until_ns, whole=whole):
                if (made := self._corrected_in(span)) is not None:
                    yield _closed(made, 1, [CHANGED] if whole else [])
        self._trailing.put(self._trailing.take(until_ns))
        for totals in both:
            totals.forget(until_ns)

    def _corrected_in(self, span: Span) -> Part | None:
        """The same of a span, for keys that have had a correction."""
        on_time, late = self._trailing, self._corrections
        steps = on_time.take(span.until_ns), late.take(span.until_ns)
        keys = [self._places(part) for part in (steps[1], late.total()) if part is not None]
        made = None
        if keys:
            corrected = pl.concat(keys).unique()
            own = None if steps[0] is None else matching(steps[0], corrected)
            both = _together(own, steps[1])
            concerned = matching(Part(self._concerned(both, (on_time, late), span)), corrected).rows
            base = _together(on_time.total(concerned), late.total(concerned))
            made = so_far(self._late_plan, self._periods, base, both, span)
        for totals, part in zip((on_time, late), steps, strict=True):
            totals.put(part)
            totals.forget(span.until_ns)
        if made is None:
            return None
        rows = made.rows.filter(pl.col(_LATE.name) > 0).drop(_LATE.name)
        return matching(Part(rows, made.tables), rows.select(*self._plan.by, PERIOD, STEP))

    def _concerned(self, steps: Part | None, totals: Sequence[Totals], span: Span) -> pl.DataFrame:
        """Keys and periods that have a result in a span."""
        keys = {key: kind.dtype for key, kind in self._plan.by.items()}
        found = [pl.DataFrame(schema={**keys, PERIOD: pl.Int64})]
        if steps is not None:
            found.append(self._places(steps))
        for each in totals:
            there = [
                start
                for start in each.begun
                if span.whole or span.after_ns < self._periods.end(start) <= span.until_ns
            ]
            held = each.total() if there else None
            if held is not None:
                found.append(self._places(held).filter(pl.col(PERIOD).is_in(there)))
        return pl.concat(found).unique()

    def _places(self, part: Part) -> pl.DataFrame:
        return part.rows.select(*self._plan.by, PERIOD)

    def _spans(
        self, totals: Sequence[Totals], after_ns: int, until_ns: int, *, whole: bool
    ) -> Iterator[Span]:
        """The steps that end in (after, until], so many at once as memory bears; none without any.

        A span that is not whole has as many rows as come; its tables may be many more.
        """
        due = sorted({step for each in totals for step in each.due(until_ns)})
        starts = {start for each in totals for start in each.begun}
        if whole:
            starts.update(self._periods.steps(np.array(due, np.int64) - 1)[0].tolist())
            ends = [self._periods.ends(start, after_ns, until_ns) for start in starts]
            found = np.unique(np.concatenate(ends)).tolist() if ends else []
            at_once = max(ROWS_AT_ONCE // max(sum(each.most for each in totals), 1), 1)
        else:
            ended = {self._periods.end(start) for start in starts}
            found = sorted({*due, *(end for end in ended if after_ns < end <= until_ns)})
            at_once = max(len(found), 1)
        if not found:
            return
        if self._plan.tables:
            at_once = min(at_once, _STEPS_AT_ONCE)
        for cut in (*found[at_once - 1 : -1 : at_once], until_ns):
            yield Span(after_ns, cut, whole)
            after_ns = cut


def _together(on_time: Part | None, late: Part | None) -> Part | None:
    """Both, not merged, with `_LATE`."""
    parts = [
        Part(part.rows.with_columns(number.alias(_LATE.name)), part.tables)
        for part, number in ((on_time, pl.lit(0, pl.Int64)), (late, pl.col(ROWS.name)))
        if part is not None
    ]
    return concat_parts(parts) if parts else None


def _closed(part: Part, revision: int, without: Sequence[str]) -> Part:
    """Results as closed windows, by their ends."""
    names = {PERIOD: "start_ns", STEP: "time_ns"}
    number = pl.lit(revision, pl.Int64).alias("revision")
    tables = {n: table.rename(names).with_columns(number) for n, table in part.tables.items()}
    rows = part.rows.drop(without).rename(names).with_columns(number)
    return Part(rows.sort("time_ns", maintain_order=True), tables)
