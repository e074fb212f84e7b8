"""Mergeable numbers that aggregates are made of.

An aggregate is made from accumulators that can be computed for any part of the events and merged in
any order: counts and sums add up, extremes keep the lower or higher, and the sum of squared
deviations (`m2`) merges by the formula of Chan, Golub and LeVeque, "Updating formulae and a
pairwise algorithm for computing sample variances" (1979).

That formula needs the difference of two means. From sums it would be lost in rounding where values
are far from zero and close together (1e9 ± 1), so a deviation is taken of each value's distance
from the lowest of its part; the lowest is kept with it.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import polars as pl

from tidegauge.batch import TIME
from tidegauge.expressions.compiled import Scalar
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


HIGH = 2**32
"""What one in the upper half of a whole number stands for."""
_LOW = HIGH - 1

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


def values_of(argument: Scalar) -> pl.Expr:
    """The argument with a value for each row, also where it is the same for all."""
    if argument.columns:
        return argument.polars
    return pl.when(pl.col(TIME).is_not_null()).then(argument.polars)


def _number(argument: Scalar) -> tuple[pl.Expr, bool]:
    """The argument as a number, and whether it is whole; a bool counts as 0 and 1."""
    integer = argument.type is not FieldType.FLOAT
    return values_of(argument).cast(pl.Int64 if integer else pl.Float64), integer


def count(argument: Scalar) -> Accumulator:
    """How many values there are."""
    values = values_of(argument).count().cast(pl.Int64)
    return Accumulator(f"_n({argument.sql})", Merge.ADD, values, integer=True)


def halves(argument: Scalar) -> tuple[Accumulator, Accumulator]:
    """Sums of the lower 32 bits of whole numbers and of what is above: exact for 2^31 of them."""
    number, _ = _number(argument)
    low = Accumulator(f"_low({argument.sql})", Merge.ADD, (number & _LOW).sum(), integer=True)
    high = Accumulator(f"_high({argument.sql})", Merge.ADD, (number // HIGH).sum(), integer=True)
    return low, high


def total(argument: Scalar) -> Accumulator:
    """The sum as a float."""
    number, integer = _number(argument)
    summed = number.cast(pl.Float64).sum() if integer else number.sum()
    name = "_total" if integer else "_sum"
    return Accumulator(f"{name}({argument.sql})", Merge.ADD, summed, integer=False)


def extreme(argument: Scalar, merge: Merge) -> Accumulator:
    """The lowest or highest value."""
    number, integer = _number(argument)
    name, best = ("min", number.min()) if merge is Merge.LOWER else ("max", number.max())
    held = Accumulator(f"_{name}({argument.sql})", merge, best, integer)
    # A pane without a value must not carry a null into an array of numbers.
    return Accumulator(held.name, merge, best.fill_null(held.identity), integer)


def deviation(argument: Scalar) -> tuple[tuple[Accumulator, ...], Distance]:
    """Count, lowest value, distance from it and squared deviations, in this order; and a column."""
    number, integer = _number(argument)
    counted, lowest = count(argument), extreme(argument, Merge.LOWER)
    column = Distance(f"_above({argument.sql})", number, integer)
    above = pl.col(column.name)
    distance = Accumulator(
        f"_distance({argument.sql})",
        Merge.DISTANCE,
        above.sum(),
        integer=False,
        count=counted.name,
        lowest=lowest.name,
    )
    m2 = Accumulator(
        f"_m2({argument.sql})",
        Merge.DEVIATION,
        (above.var(ddof=0) * above.count()).fill_null(0.0),
        integer=False,
        count=counted.name,
        lowest=lowest.name,
        distance=distance.name,
    )
    return (counted, lowest, distance, m2), column
