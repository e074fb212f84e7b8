"""Results of the steps of periods: what each key has had so far at the steps where it changes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from operators.windows.cumulative.periods import Periods
from operators.windows.cumulative.preaggregate import PERIOD, STEP
from operators.windows.cumulative.running import running
from operators.windows.part import CHANGED, Part, concat_parts
from operators.windows.plan import WindowPlan
from tidegauge.batch import END_OF_TIME, NO_TIME

_END, _FROM, _TO, _NEXT = "_end", "_from", "_to", "_next"


@dataclass(frozen=True, slots=True)
class Span:
    """The steps that end after one time and until another.

    Attributes:
        after_ns: nanoseconds.
        until_ns: nanoseconds.
        whole: whether each key has a result at each step, and not only where it changes.
    """

    after_ns: int
    until_ns: int
    whole: bool = False


def so_far(
    plan: WindowPlan, periods: Periods, base: Part | None, steps: Part | None, span: Span
) -> Part | None:
    """Results of the steps of a span, by keys, `PERIOD` and `STEP`.

    A key has one at each step that it had events in, and at the last step of its period; of a whole
    span at each step, with the column `CHANGED`, which tells where the others would have one.

    Args:
        plan: the window.
        periods: its periods.
        base: totals before the span, by `PERIOD`: of all keys that have no events in the span but a
            result, and of all that have both.
        steps: what the steps of the span bring; neither need be merged.
        span: the steps.

    Returns:
        None where there is nothing.
    """
    on = [*plan.by, PERIOD]
    frames = [] if steps is None else [steps.rows]
    if base is not None:
        frames.append(base.rows.with_columns(pl.col(PERIOD).alias(STEP)))
    if not frames:
        return None
    rows = pl.concat([frame.select(frames[0].columns) for frame in frames])
    if not span.whole:
        rows = pl.concat([rows, _last_steps(plan, periods, rows, span)])
    rows = _last_of_each(running(plan.accumulators, rows.sort(*on, STEP), on), [*on, STEP])
    results = _at_each(rows, on, periods, span) if span.whole else rows.filter(_begun())
    if not results.height:
        return None
    return Part(results, _tables(plan, base, steps, results))


def _last_of_each(rows: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    """Of rows that follow each other and are equal in some columns, the last."""
    run = pl.struct(by).rle_id()
    return rows.filter((run != run.shift(-1)).fill_null(value=True))


def _begun() -> pl.Expr:
    """Totals stand at the start of their period; steps end after it."""
    return pl.col(STEP) > pl.col(PERIOD)


def _ends(periods: Periods, rows: pl.DataFrame) -> pl.DataFrame:
    starts: list[int] = rows[PERIOD].unique().to_list()
    ends = [periods.end(start) for start in starts]
    return pl.DataFrame({PERIOD: starts, _END: ends}, {PERIOD: pl.Int64, _END: pl.Int64})


def _last_steps(plan: WindowPlan, periods: Periods, rows: pl.DataFrame, span: Span) -> pl.DataFrame:
    """Rows that change nothing, at the last steps of periods, for keys that have none there."""
    ends = _ends(periods, rows)
    ends = ends.filter((pl.col(_END) > span.after_ns) & (pl.col(_END) <= span.until_ns))
    on = [*plan.by, PERIOD]
    if not ends.height:
        return rows.clear()
    closing = rows.select(on).unique().join(ends, on=PERIOD).rename({_END: STEP})
    there = rows.select(*on, STEP)
    closing = closing.join(there, on=[*on, STEP], how="anti", nulls_equal=True)
    nothing = [
        pl.lit(held.identity, pl.Int64 if held.integer else pl.Float64).alias(held.name)
        for held in plan.accumulators
    ]
    return closing.with_columns(nothing).select(rows.columns)


def _at_each(rows: pl.DataFrame, on: Sequence[str], periods: Periods, span: Span) -> pl.DataFrame:
    """Each row at each step from its own to the one before the key's next row."""
    rows = rows.join(_ends(periods, rows), on=PERIOD, maintain_order="left")
    start, end, every = pl.col(PERIOD), pl.col(_END), periods.every_ns
    number = (pl.col(STEP) - start + every - 1) // every
    after = (pl.lit(max(span.after_ns, NO_TIME), pl.Int64).clip(start, end) - start) // every + 1
    until = pl.lit(min(span.until_ns, END_OF_TIME), pl.Int64)
    last = (
        pl.when(end <= until)
        .then((end - start + every - 1) // every)
        .otherwise((until.clip(start, end) - start) // every)
    )
    rows = rows.with_columns(pl.max_horizontal(number, after).alias(_FROM), number.alias(_NEXT))
    following = pl.col(_NEXT).shift(-1).over(on)
    rows = rows.with_columns(pl.min_horizontal(following - 1, last).alias(_TO))
    counts = (rows[_TO] - rows[_FROM] + 1).clip(0).to_numpy()
    at = np.repeat(np.arange(rows.height), counts)
    nth = np.arange(at.size) - np.repeat(np.cumsum(counts) - counts, counts)
    found = rows[at].with_columns(pl.Series("_nth", nth, dtype=pl.Int64))
    time = pl.min_horizontal(start + (pl.col(_FROM) + pl.col("_nth")) * every, end)
    changed = (_begun() & (time == pl.col(STEP))) | (time == end)
    found = found.with_columns(time.alias(STEP), changed.alias(CHANGED))
    return found.drop("_nth", _FROM, _TO, _NEXT, _END)


def _tables(
    plan: WindowPlan, base: Part | None, steps: Part | None, results: pl.DataFrame
) -> dict[str, pl.DataFrame]:
    """Tables of the results: of the totals and of all steps up to their own."""
    on = [*plan.by, PERIOD]
    places = results.select(*on, STEP)
    tables = {}
    for table in plan.tables:
        found = []
        if base is not None and table.name in base.tables:
            found.append(base.tables[table.name].join(places, on=on, nulls_equal=True))
        if steps is not None and table.name in steps.tables:
            own = steps.tables[table.name].rename({STEP: _NEXT})
            joined = own.join(places, on=on, nulls_equal=True)
            found.append(joined.filter(pl.col(_NEXT) <= pl.col(STEP)).drop(_NEXT))
        if found:
            rows = concat_parts([Part(frame) for frame in found]).rows
            tables[table.name] = table.merge(rows, [*on, STEP])
    return tables
