"""Which windows of a number of events are complete, and which panes are theirs."""

from collections.abc import Iterator, Sequence

import polars as pl

from operators.windows.shapes import Counted
from tidegauge.batch import TIME

PANE = "_pane"
"""Column: number of a pane of its key: of the first event in it, divided by the pane's events."""
WINDOW = "_window"
"""Column: number of a window of its key, from 0 (Int64)."""
SEEN = "_seen"
"""Column: events of a key so far (Int64)."""
LAST_TIME = "_last_time_ns"
"""Column: time of the last record of a key (Int64)."""
LAST_EVENT = "_last_event_ns"
"""Column: time of the last event of a key (Int64)."""
NUMBER = "_number"
"""Column: number of an event of its key (Int64)."""

_ROWS_AT_ONCE = 500_000


def placed(
    shape: Counted,
    events: pl.DataFrame,
    seen: pl.DataFrame,
    by: Sequence[str],
    ttl_ns: int | None = None,
) -> pl.DataFrame:
    """Events, each with its `NUMBER` and pane.

    Numbers go on from those seen. After a silence of `ttl_ns` they jump so far that no window has
    events from before and after it, and begin a window: whether the key was forgotten meanwhile, or
    not yet, makes no difference.

    Args:
        shape: the windows.
        events: events in their order, all that come after those seen.
        seen: `SEEN` and `LAST_EVENT` of their keys, where there were any before.
        by: key columns.
        ttl_ns: silence after which a key begins anew; None for never.
    """
    order = pl.int_range(pl.len())
    number = order.over(by) if by else order
    known = with_keys(events, seen.select(*by, SEEN, LAST_EVENT), by)
    known = known.with_columns((pl.col(SEEN).fill_null(0) + number).alias(NUMBER))
    if ttl_ns is not None:
        known = _beginning_anew(shape, known, by, ttl_ns)
    pane = (pl.col(NUMBER) // shape.pane).alias(PANE)
    return known.with_columns(pane).drop(SEEN, LAST_EVENT)


def _beginning_anew(
    shape: Counted, events: pl.DataFrame, by: Sequence[str], ttl_ns: int
) -> pl.DataFrame:
    """Numbers that jump to the next start of a window beyond all begun ones, at each silence."""

    def over(expression: pl.Expr) -> pl.Expr:
        return expression.over(by) if by else expression

    before = over(pl.col(TIME).shift(1)).fill_null(pl.col(LAST_EVENT))
    silent = (pl.col(TIME) - before >= ttl_ns).fill_null(value=False).alias("_silent")
    marked = events.with_columns(silent)
    if not marked["_silent"].any():
        return marked.drop("_silent")
    # Within the key: how far the number before each silence is from the next free start.
    run = over(pl.col("_silent").cast(pl.Int64).cum_sum()).alias("_run")
    marked = marked.with_columns(run)
    ends = (
        marked.group_by([*by, "_run"], maintain_order=True)
        .agg(pl.len().cast(pl.Int64).alias("_events"), pl.col(SEEN).first().fill_null(0))
        .sort(*by, "_run", nulls_last=True)
    )
    seen_before = pl.when(pl.col("_run") == 0).then(pl.col(SEEN)).otherwise(0)
    begun = seen_before + pl.col("_events") + shape.size
    # A batch can begin with a silence: then the run before it has no event here, but was seen.
    first = over(pl.col("_run").min())
    step = ((begun + shape.every - 1) // shape.every * shape.every).alias("_step")
    ends = ends.with_columns(step, first.alias("_first"))
    alone = (pl.col(SEEN) + shape.size + shape.every - 1) // shape.every * shape.every
    start = over(pl.col("_step").shift(1, fill_value=0).cum_sum())
    start = start + pl.when(pl.col("_first") > 0).then(alone).otherwise(0)
    ends = ends.with_columns(start.alias("_start")).select(*by, "_run", "_start")
    located = marked.join(ends, on=[*by, "_run"], nulls_equal=True, maintain_order="left")
    within = pl.int_range(pl.len()).over([*by, "_run"])
    number = pl.when(pl.col("_run") > 0).then(pl.col("_start") + within).otherwise(pl.col(NUMBER))
    return located.with_columns(number.alias(NUMBER)).drop("_silent", "_run", "_start")


def complete(shape: Counted) -> pl.Expr:
    """How many windows of a key the events seen complete."""
    seen = pl.col(SEEN)
    return (
        pl.when(seen >= shape.size)
        .then((seen - shape.size) // shape.every + 1)
        .otherwise(pl.lit(0, pl.Int64))
    )


def first_pane(shape: Counted, window: pl.Expr) -> pl.Expr:
    """The first pane of a window."""
    return window * (shape.every // shape.pane)


def panes_of(shape: Counted, windows: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """A row for each pane of each window, for so many windows at once as memory bears."""
    step = max(1, _ROWS_AT_ONCE // shape.panes_per_window)
    first = first_pane(shape, pl.col(WINDOW))
    panes = pl.int_ranges(first, first + shape.panes_per_window).alias(PANE)
    for at in range(0, windows.height, step):
        yield windows.slice(at, step).with_columns(panes).explode(PANE)


def with_keys(left: pl.DataFrame, right: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    """Rows of the left with the columns of the right for the same key, null where it has none."""
    if by:
        return left.join(right, on=list(by), how="left", nulls_equal=True, maintain_order="left")
    if right.height:
        return left.join(right, how="cross")
    return left.with_columns(pl.lit(None, kind).alias(name) for name, kind in right.schema.items())


def distinct_times(windows: pl.DataFrame, last: str, by: Sequence[str]) -> pl.DataFrame:
    """Windows with `time_ns`: the time of the last event, or the next nanosecond that is free.

    Args:
        windows: windows by key and number, with `LAST_TIME` of the key's record before (or null).
        last: column of the time of the last event.
        by: key columns.
    """
    order = pl.int_range(pl.len())
    rank = order.over(by) if by else order
    ranked = windows.with_columns(rank.alias("_rank"))
    # Each time is at least the one before and one more; less the rank, at least the one before.
    free = pl.max_horizontal(pl.col(last) - pl.col("_rank"), pl.col(LAST_TIME) + 1).cum_max()
    ranked = ranked.with_columns(
        ((free.over(by) if by else free) + pl.col("_rank")).alias("time_ns")
    )
    return ranked.drop("_rank")
