"""Accumulators of one step after another to those of the period so far at each."""

from collections.abc import Sequence

import polars as pl

from operators.windows.accumulators import Accumulator, Merge

_SERIES = "_series"
_SIMPLE = {Merge.ADD, Merge.LOWER, Merge.HIGHER}


def running(
    accumulators: Sequence[Accumulator], rows: pl.DataFrame, by: Sequence[str]
) -> pl.DataFrame:
    """The rows, each with what it and those before it amount to.

    It is what merging them one by one gives (`operators.windows.merging`), for all series at once:
    what is summed up is never negative, so nothing is lost where a value lies far from the others.

    Args:
        accumulators: the columns to change.
        rows: in the order of `by`, and within that in the order in which they add up.
        by: columns that tell whose rows they are.
    """
    series = pl.struct(by).rle_id().set_sorted() if by else pl.lit(0)
    rows = rows.with_columns(series.alias(_SERIES))
    simple = [held for held in accumulators if held.merge in _SIMPLE]
    rows = rows.with_columns(_whole(held).alias(_so_far(held.name)) for held in simple)
    # The third is made of what the second gives.
    for merge, terms in ((Merge.DISTANCE, _distance), (Merge.DEVIATION, _deviation)):
        made = [held for held in accumulators if held.merge is merge]
        rows = rows.with_columns(terms(held, rows).alias(_so_far(held.name)) for held in made)
        rows = rows.with_columns(
            pl.col(_so_far(held.name)).cum_sum().over(_SERIES) for held in made
        )
    done = {held.name: pl.col(_so_far(held.name)) for held in accumulators}
    kept = [name for name in rows.columns if not name.startswith(_so_far("")) and name != _SERIES]
    return rows.select(done[name].alias(name) if name in done else pl.col(name) for name in kept)


def _so_far(name: str) -> str:
    return f"_so_far{name}"


def _whole(held: Accumulator) -> pl.Expr:
    column = pl.col(held.name)
    match held.merge:
        case Merge.ADD:
            return column.cum_sum().over(_SERIES)
        case Merge.LOWER:
            return column.cum_min().over(_SERIES)
        case _:
            return column.cum_max().over(_SERIES)


def _before(column: str) -> pl.Expr:
    # Rows of a series stand together.
    same = pl.col(_SERIES) == pl.col(_SERIES).shift(1)
    return pl.when(same).then(pl.col(column).shift(1))


def _raised(rows: pl.DataFrame, column: pl.Expr, held: Accumulator, count: pl.Expr) -> pl.Expr:
    """How far a lowest value lies above the lowest so far; 0 where there is none."""
    raised = column - pl.col(_so_far(held.lowest))
    if rows[held.lowest].dtype.is_integer():
        # Never negative: read without a sign it is right even past 63 bits.
        raised = raised.reinterpret(signed=False)
    return pl.when(count > 0).then(raised.cast(pl.Float64)).otherwise(0.0)


def _distance(held: Accumulator, rows: pl.DataFrame) -> pl.Expr:
    """What a row adds to the sum of distances from the lowest so far."""
    count, count_before = pl.col(held.count), _before(_so_far(held.count)).fill_null(0)
    here = _raised(rows, pl.col(held.lowest), held, count)
    fallen = _raised(rows, _before(_so_far(held.lowest)), held, count_before)
    return pl.col(held.name) + count * here + count_before * fallen


def _deviation(held: Accumulator, rows: pl.DataFrame) -> pl.Expr:
    """What a row adds to the squared deviations: its own, and those of the two means."""
    count, count_before = pl.col(held.count), _before(_so_far(held.count)).fill_null(0)
    here = _raised(rows, pl.col(held.lowest), held, count) + pl.col(held.distance) / count
    fallen = _raised(rows, _before(_so_far(held.lowest)), held, count_before)
    there = fallen + _before(_so_far(held.distance)) / count_before
    share = count.cast(pl.Float64) * count_before / (count + count_before)
    both = (count > 0) & (count_before > 0)
    return pl.col(held.name) + pl.when(both).then((here - there) ** 2 * share).otherwise(0.0)
