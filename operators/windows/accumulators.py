"""Mergeable parts of aggregates.

An aggregate is made from accumulators that can be computed for any part of the events and merged in
any order: counts and sums add up, extremes keep the lower or higher, and the sum of squared
deviations (`m2`) merges by the formula of Chan, Golub and LeVeque, "Updating formulae and a
pairwise algorithm for computing sample variances" (1979).

That formula needs the difference of two means. From sums it would be lost in rounding where values
are far from zero and close together (1e9 ± 1), so a deviation is taken of each value's distance
from the lowest of its part; the lowest is kept with it.
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
    DISTANCE = "distance"
    DEVIATION = "deviation"


@dataclass(frozen=True)
class Accumulator:
    """One column of a pane's state.

    Attributes:
        name: column name, the same for the same accumulator everywhere.
        merge: how it merges.
        partial: expression that computes it over the rows of one key and pane.
        integer: held as int64 instead of float64.
        count, lowest, distance: for a distance or a deviation, the names of the accumulators that
            hold how many values there are, the lowest, and the sum of distances from it.
    """

    name: str
    merge: Merge
    partial: pl.Expr
    integer: bool
    count: str = ""
    lowest: str = ""
    distance: str = ""

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
class Distance:
    """A column to add before events are grouped: how far each value lies above its group's lowest.

    Attributes:
        name: name of the column.
        number: the value.
        integer: whether it is whole.
    """

    name: str
    number: pl.Expr
    integer: bool

    def over(self, groups: list[pl.Expr]) -> pl.Expr:
        """The column, for groups of rows that are equal in these."""
        distance = self.number - self.number.min().over(groups)
        if self.integer:
            # Never negative: read without a sign it is right even past 63 bits.
            distance = distance.reinterpret(signed=False)
        return distance.cast(pl.Float64).alias(self.name)


@dataclass(frozen=True)
class Finished:
    """An aggregate call over accumulator columns: what it needs and how its value is computed."""

    accumulators: tuple[Accumulator, ...]
    value: pl.Expr
    distances: tuple[Distance, ...] = ()


def accumulate(call: AggregateCall) -> Finished:
    """The accumulators of an aggregate call, and its value (null where SQL says null)."""
    if call.argument is None:
        return Finished((ROWS,), pl.col(ROWS.name))
    return _FUNCTIONS[call.function](call.argument)


def _values(argument: Scalar) -> pl.Expr:
    """The argument with a value for each row, also where it is the same for all."""
    if argument.columns:
        return argument.polars
    return pl.when(pl.col(TIME).is_not_null()).then(argument.polars)


def _number(argument: Scalar) -> tuple[pl.Expr, bool]:
    """The argument as a number, and whether it is whole; a bool counts as 0 and 1."""
    integer = argument.type is not FieldType.FLOAT
    return _values(argument).cast(pl.Int64 if integer else pl.Float64), integer


def _count(argument: Scalar) -> Accumulator:
    count = _values(argument).count().cast(pl.Int64)
    return Accumulator(f"_n({argument.sql})", Merge.ADD, count, integer=True)


def _sum(argument: Scalar) -> Accumulator:
    number, integer = _number(argument)
    return Accumulator(f"_sum({argument.sql})", Merge.ADD, number.sum(), integer)


def _total(argument: Scalar) -> Accumulator:
    """The sum for a mean: of whole numbers as floats, for many large ones exceed 64 bits."""
    number, integer = _number(argument)
    if not integer:
        return _sum(argument)
    total = number.cast(pl.Float64).sum()
    return Accumulator(f"_total({argument.sql})", Merge.ADD, total, integer=False)


def _extreme(argument: Scalar, merge: Merge) -> Accumulator:
    number, integer = _number(argument)
    name, best = ("min", number.min()) if merge is Merge.LOWER else ("max", number.max())
    held = Accumulator(f"_{name}({argument.sql})", merge, best, integer)
    # A pane without a value must not carry a null into an array of numbers.
    return Accumulator(held.name, merge, best.fill_null(held.identity), integer)


def _present(count: Accumulator, value: pl.Expr, least: int = 1) -> pl.Expr:
    return pl.when(pl.col(count.name) >= least).then(value)


def _finish_count(argument: Scalar) -> Finished:
    count = _count(argument)
    return Finished((count,), pl.col(count.name))


def _finish_sum(argument: Scalar) -> Finished:
    count, total, magnitude = _count(argument), _sum(argument), _total(argument)
    value = pl.col(total.name)
    if total.integer:
        # What exceeds 64 bits has wrapped around: no value is better than a wrong one.
        value = pl.when(pl.col(magnitude.name).abs() < 2.0**63).then(value)
    return Finished((count, total, magnitude), _present(count, value))


def _finish_avg(argument: Scalar) -> Finished:
    count, total = _count(argument), _total(argument)
    return Finished((count, total), _present(count, pl.col(total.name) / pl.col(count.name)))


def _finish_extreme(merge: Merge) -> Callable[[Scalar], Finished]:
    def finish(argument: Scalar) -> Finished:
        count, held = _count(argument), _extreme(argument, merge)
        return Finished((count, held), _present(count, pl.col(held.name)))

    return finish


def _finish_deviation(least: int, divisor_less: int) -> Callable[[Scalar], Finished]:
    def finish(argument: Scalar) -> Finished:
        number, integer = _number(argument)
        count, lowest = _count(argument), _extreme(argument, Merge.LOWER)
        column = Distance(f"_above({argument.sql})", number, integer)
        above = pl.col(column.name)
        distance = Accumulator(
            f"_distance({argument.sql})",
            Merge.DISTANCE,
            above.sum(),
            integer=False,
            count=count.name,
            lowest=lowest.name,
        )
        m2 = Accumulator(
            f"_m2({argument.sql})",
            Merge.DEVIATION,
            (above.var(ddof=0) * above.count()).fill_null(0.0),
            integer=False,
            count=count.name,
            lowest=lowest.name,
            distance=distance.name,
        )
        divisor = pl.col(count.name) - divisor_less
        value = _present(count, (pl.col(m2.name) / divisor).sqrt(), least)
        return Finished((count, lowest, distance, m2), value, (column,))

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
