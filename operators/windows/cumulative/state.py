"""One cumulative window in one key group: running totals, and the steps between two watermarks."""

from collections.abc import Callable, Iterator
from typing import Any

import polars as pl

from operators.windows.accumulators import ROWS
from operators.windows.cumulative.periods import Periods
from operators.windows.cumulative.preaggregate import PERIOD, STEP
from operators.windows.cumulative.totals import Totals, repeated
from operators.windows.merging import merge_part
from operators.windows.part import Part, concat_parts
from operators.windows.plan import WindowPlan
from operators.windows.saved import check_layout
from operators.windows.shapes import Cumulative, of_kind
from tidegauge.batch import NO_TIME


class CumulativeState:
    """A total of on-time events up to the watermark, and one of all events behind it.

    At each step's end that the watermark passes, each key that has had an on-time event in the
    period gets its total so far (revision 0), also when nothing new came. When the watermark passes
    the end + allowed lateness, keys that have had a correction in the period by that end get the
    total of all their events (revision 1). For that, a second total of on-time events follows at
    that distance, beside one of the corrections. No window is held for itself.
    """

    def __init__(self, plan: WindowPlan) -> None:
        self._plan = plan
        self._periods = Periods(of_kind(plan.shape, Cumulative))
        self._leading = Totals(plan, self._periods)
        self._trailing = Totals(plan, self._periods)
        self._corrections = Totals(plan, self._periods)
        self._watermark_ns = NO_TIME
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

    def advance(self, watermark_ns: int) -> Part | None:
        """Close what the watermark has passed.

        Returns:
            rows of key columns, `CLOSED` and accumulators, by the windows' ends, first results
            first, and tables; None when nothing closed.
        """
        passed, lateness = self._watermark_ns, self._plan.lateness_ns
        if watermark_ns <= passed:
            return None
        self._watermark_ns = watermark_ns
        made = [
            *_in_order(self._firsts(passed, watermark_ns)),
            *_in_order(self._corrected(passed - lateness, watermark_ns - lateness)),
        ]
        return concat_parts(made) if made else None

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
        totals = self._leading

        def roll(to_ns: int) -> Part | None:
            totals.roll(to_ns)
            return totals.total

        yield from self._walk(after_ns, until_ns, totals.due(until_ns), roll, 0)
        totals.forget(until_ns)

    def _corrected(self, after_ns: int, until_ns: int) -> Iterator[Part]:
        """Corrected results of the steps that end in (after, until]."""
        corrections, on_time = self._corrections, self._trailing
        marks = corrections.due(until_ns)
        if corrections.total is not None or marks:
            first_ns = after_ns if corrections.total is not None else marks[0] - 1
            later = (mark for mark in on_time.due(until_ns) if mark > first_ns)
            yield from self._walk(
                after_ns, until_ns, sorted({*marks, *later}), self._roll_corrected, 1
            )
        on_time.roll(until_ns)
        for totals in (on_time, corrections):
            totals.forget(until_ns)

    def _roll_corrected(self, to_ns: int) -> Part | None:
        """Totals up to there of all events, for keys that have had a correction."""
        self._trailing.roll(to_ns)
        self._corrections.roll(to_ns)
        on_time, late = self._trailing.total, self._corrections.total
        if on_time is None or late is None:
            return late
        on = [*self._plan.by, PERIOD]
        tables = {
            name: table.join(late.rows, on=on, how="semi", nulls_equal=True)
            for name, table in on_time.tables.items()
        }
        own = Part(on_time.rows.join(late.rows, on=on, how="semi", nulls_equal=True), tables)
        return merge_part(self._plan, concat_parts([own, late]), [PERIOD])

    def _walk(
        self,
        after_ns: int,
        until_ns: int,
        marks: list[int],
        roll: Callable[[int], Part | None],
        revision: int,
    ) -> Iterator[Part]:
        """Results of the steps that end in (after, until].

        Args:
            after_ns: nanoseconds.
            until_ns: nanoseconds.
            marks: ends of the steps at which the totals change, ascending.
            roll: gives the totals up to an end.
            revision: of the results.
        """
        total = roll(after_ns)
        for mark in (*marks, None):
            upto_ns = until_ns if mark is None else mark - 1
            if total is not None and upto_ns > after_ns:
                for period in total.rows[PERIOD].unique().to_list():
                    ends = self._periods.ends(period, after_ns, upto_ns)
                    if ends.size:
                        yield repeated(total, period, ends, revision)
            after_ns = max(after_ns, upto_ns)
            if mark is not None:
                total = roll(mark)


def _in_order(parts: Iterator[Part]) -> Iterator[Part]:
    """The same rows by their ends, as one part or none."""
    made = list(parts)
    if made:
        part = concat_parts(made)
        yield Part(part.rows.sort("time_ns", maintain_order=True), part.tables)
