"""Which windows of a number of events are complete, and which panes are theirs."""

from collections.abc import Iterator, Sequence

import polars as pl

from operators.windows.shapes import Counted

PANE = "_pane"
"""Column: number of a pane of its key: of the first event in it, divided by the pane's events."""
WINDOW = "_window"
"""Column: number of a window of its key, from 0 (Int64)."""
SEEN = "_seen"
"""Column: events of a key so far (Int64)."""
LAST_TIME = "_last_time_ns"
"""Column: time of the last record of a key (Int64)."""

_ROWS_AT_ONCE = 500_000


def placed(
    shape: Counted, events: pl.DataFrame, seen: pl.DataFrame, by: Sequence[str]
) -> pl.DataFrame:
    """Events, each with its pane.

    Args:
        shape: the windows.
        events: events in their order, all that come after those seen.
        seen: `SEEN` of their keys, where there were any before.
        by: key columns.
    """
    order = pl.int_range(pl.len())
    number = order.over(by) if by else order
    before = pl.col(SEEN).fill_null(0)
    known = with_keys(events, seen.select(*by, SEEN), by)
    return known.with_columns(((before + number) // shape.pane).alias(PANE)).drop(SEEN)


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
