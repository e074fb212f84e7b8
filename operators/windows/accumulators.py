"""Mergeable parts of aggregates.

An aggregate is made from accumulators that can be computed for any part of the events and merged in
any order: counts and sums add up, extremes keep the lower or higher, and the sum of squared
deviations (`m2`) merges by the formula of Chan, Golub and LeVeque, "Updating formulae and a pairwise
algorithm for computing sample variances" (1979).
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import polars as pl

from tidegauge.batch import TIME
from tidegauge.expressions.compiled import AggregateCall, Scalar
from tidegauge.fieldtypes import FieldType


class Merge(StrEnum):
    """How two values of an accumulator become one."""

    ADD = "add"
    LOWER = "lower"
    HIGHER = "higher"
    DEVIATION = "deviation"


@dataclass(frozen=True)
class Accumulator:
    """One column of a pane's state.

    Attributes:
        name: column name, the same for the same accumulator everywhere.
        merge: how it merges.
        partial: expression that computes it over the rows of one key and pane.
        integer: held as int64 instead of float64.
        count, total: for a deviation, the names of the accumulators that hold n and the sum.
    """

    name: str
    merge: Merge
    partial: pl.Expr
    integer: bool
    count: str = ""
    total: str = ""

    @property
    def identity(self) -> float | int:
        """The value that changes nothing when merged."""
        if self.merge is Merge.LOWER:
            return np.iinfo(np.int64).max if self.integer else np.inf
        if self.merge is Merge.HIGHER:
            return np.iinfo(np.int64).min if self.integer else -np.inf
        return 0


ROWS = Accumulator("_rows", Merge.ADD, pl.len().cast(pl.Int64), integer=True)
FIRST = Accumulator("_first", Merge.LOWER, pl.col(TIME).min(), integer=True)
LAST = Accumulator("_last", Merge.HIGHER, pl.col(TIME).max(), integer=True)
METADATA = (ROWS, FIRST, LAST)
"""Kept for every window: data points, first and last event time."""


@dataclass(frozen=True)
class Finished:
    """An aggregate call over accumulator columns: what it needs and how its value is computed."""

    accumulators: tuple[Accumulator, ...]
    value: pl.Expr


def accumulate(call: AggregateCall) -> Finished:
    """The accumulators of an aggregate call, and its value (null where SQL says null)."""
    if call.argument is None:
        return Finished((ROWS,), pl.col(ROWS.name))
    return _FUNCTIONS[call.function](call.argument)


def _numeric(argument: Scalar) -> tuple[pl.Expr, bool]:
    """The argument as a number, and whether it is whole; a bool counts as 0 and 1."""
    if argument.type is FieldType.FLOAT:
        return argument.polars.cast(pl.Float64), False
    return argument.polars.cast(pl.Int64), True


def _count(argument: Scalar) -> Accumulator:
    return Accumulator(f"_n({argument.sql})", Merge.ADD, argument.polars.count().cast(pl.Int64), integer=True)


def _sum(argument: Scalar) -> Accumulator:
    number, integer = _numeric(argument)
    return Accumulator(f"_sum({argument.sql})", Merge.ADD, number.sum(), integer)


def _present(count: Accumulator, value: pl.Expr, least: int = 1) -> pl.Expr:
    return pl.when(pl.col(count.name) >= least).then(value)


def _finish_count(argument: Scalar) -> Finished:
    count = _count(argument)
    return Finished((count,), pl.col(count.name))


def _finish_sum(argument: Scalar) -> Finished:
    count, total = _count(argument), _sum(argument)
    return Finished((count, total), _present(count, pl.col(total.name)))


def _finish_avg(argument: Scalar) -> Finished:
    count, total = _count(argument), _sum(argument)
    return Finished((count, total), _present(count, pl.col(total.name) / pl.col(count.name)))


def _finish_extreme(merge: Merge) -> Callable[[Scalar], Finished]:
    def finish(argument: Scalar) -> Finished:
        number, integer = _numeric(argument)
        count = _count(argument)
        name, best = ("min", number.min()) if merge is Merge.LOWER else ("max", number.max())
        held = Accumulator(f"_{name}({argument.sql})", merge, best, integer)
        # A pane without a value must not carry a null into an array of numbers.
        held = Accumulator(held.name, merge, best.fill_null(held.identity), integer)
        return Finished((count, held), _present(count, pl.col(held.name)))

    return finish


def _finish_deviation(least: int, divisor_less: int) -> Callable[[Scalar], Finished]:
    def finish(argument: Scalar) -> Finished:
        number, _ = _numeric(argument)
        count, total = _count(argument), _sum(argument)
        squares = (number.var(ddof=0) * number.count()).fill_null(0.0)
        m2 = Accumulator(
            f"_m2({argument.sql})", Merge.DEVIATION, squares, integer=False, count=count.name, total=total.name
        )
        divisor = pl.col(count.name) - divisor_less
        return Finished((count, total, m2), _present(count, (pl.col(m2.name) / divisor).sqrt(), least))

    return finish


_FUNCTIONS: dict[str, Callable[[Scalar], Finished]] = {
    "count": _finish_count,
    "sum": _finish_sum,
    "avg": _finish_avg,
    "min": _finish_extreme(Merge.LOWER),
    "max": _finish_extreme(Merge.HIGHER),
    "std_dev": _finish_deviation(least=2, divisor_less=1),
    "std_dev_pop": _finish_deviation(least=1, divisor_less=0),
}
