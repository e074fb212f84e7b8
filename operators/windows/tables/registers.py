"""How many different values there are.

Few are held as their hashes and counted; of more the registers of HyperLogLog are kept (Flajolet,
Fusy, Gandouet and Meunier, 2007), and their number is estimated as in Ertl, "New cardinality
estimation algorithms for HyperLogLog sketches" (2017), section 2. Which of the two it is depends on
the values alone, so the number is the same however the events were split.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from operators.windows.tables.hashing import hashes_of
from operators.windows.tables.table import Table, TableValue

EXACT = 1_024
"""So many different values are counted exactly."""
REGISTERS = 4_096
"""Beyond, the standard error is 1.04 / √4096 = 1.6 %."""

ITEM = "_item"
"""Column: number of a register, or below 0 a hash with its highest bit set (Int64)."""
RANK = "_rank"
"""Column: what the register holds; 0 for a hash (Int64)."""

_VALUE = "_value"
_REST = 63 - 12
"""Bits of a hash below the highest, which marks it, and those that choose the register."""
_UNIT = 50
"""Harmonic sums are held in units of 2^-50, so that they are whole and have no order."""


@dataclass(frozen=True)
class Registers(Table):
    """Hashes of the different values, or registers."""

    @property
    def name(self) -> str:
        """Name of the table."""
        return f"_registers({self.typed})"

    @property
    def schema(self) -> dict[str, type[pl.DataType]]:
        """Its columns."""
        return {ITEM: pl.Int64, RANK: pl.Int64}

    def collect(self, events: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
        """Rows of a batch of events."""
        values = events.select(*by, self.values.alias(_VALUE)).drop_nulls(_VALUE)
        if values[_VALUE].dtype.is_float():
            values = values.filter(pl.col(_VALUE).is_not_nan())
        values = values.unique()
        marked = hashes_of(values[_VALUE]) | np.uint64(2**63)
        items = pl.Series(ITEM, marked.view(np.int64))
        return self.merge(values.select(*by, items, pl.lit(0, pl.Int64).alias(RANK)), by)

    def merge(self, rows: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
        """The higher rank of each register; hashes become registers where they are too many."""
        rows = rows.group_by(*by, ITEM).agg(pl.col(RANK).max())
        items = rows[ITEM].to_numpy()
        if items.size <= EXACT and (items < 0).all():
            return rows
        hashed = pl.col(ITEM) < 0
        crowded = hashed & ((hashed.sum().over(by) > EXACT) | ~hashed.all().over(by))
        crowd = rows.filter(crowded)
        if not crowd.height:
            return rows
        registered = crowd.with_columns(_registered(crowd[ITEM].to_numpy()))
        return (
            pl.concat([rows.filter(~crowded), registered])
            .group_by(*by, ITEM)
            .agg(pl.col(RANK).max())
        )


@dataclass(frozen=True)
class Distinct(TableValue):
    """The number of different values, exact up to `EXACT`."""

    @property
    def id(self) -> str:
        """Name of the column."""
        return f"{self.table.name}@count"

    @property
    def dtype(self) -> type[pl.DataType]:
        """Type of the column."""
        return pl.Int64

    def finish(self, rows: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
        """The numbers of values."""
        hashed = pl.col(ITEM) < 0
        exponents = _UNIT - np.minimum(rows[RANK].to_numpy(), _UNIT)
        weights = pl.Series("_weight", np.left_shift(np.int64(1), exponents))
        sums = (
            rows.with_columns(weights)
            .group_by(by)
            .agg(
                hashed.sum().cast(pl.Int64).alias("_exact"),
                hashed.not_().sum().cast(pl.Int64).alias("_held"),
                pl.col("_weight").filter(~hashed).sum().alias("_harmonic"),
            )
        )
        held, harmonic = sums["_held"].to_numpy(), sums["_harmonic"].to_numpy()
        estimate = pl.Series("_estimate", _estimate(held, harmonic))
        exact = sums["_held"] == 0
        return sums.select(*by, sums["_exact"].zip_with(exact, estimate).alias(self.id))


def _registered(items: npt.NDArray[np.int64]) -> list[pl.Series]:
    """Register of each hash, and the rank it gives: the place of its first set bit."""
    hashes = items.view(np.uint64) & np.uint64(2**63 - 1)
    rest = hashes & np.uint64(2**_REST - 1)
    bits = np.frexp(rest.astype(np.float64))[1]
    return [
        pl.Series(ITEM, (hashes >> np.uint64(_REST)).astype(np.int64)),
        pl.Series(RANK, (_REST - bits + 1).astype(np.int64)),
    ]


def _estimate(
    held: npt.NDArray[np.int64], harmonic: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """The number of values that filled `held` registers with this harmonic sum."""
    empty = 1 - held / REGISTERS
    sigma, power, factor = empty.copy(), empty.copy(), 0.5
    # 2^-53 of itself is reached after few squarings, for at least one register is filled.
    while np.any(power > 0):
        power, factor = power * power, factor * 2
        sigma += power * factor
        if factor > REGISTERS**2:
            break
    total = harmonic / 2.0**_UNIT + REGISTERS * sigma
    estimate = REGISTERS**2 / (2 * math.log(2)) / np.where(held > 0, total, np.inf)
    rounded: npt.NDArray[np.int64] = np.rint(estimate).astype(np.int64)
    return rounded
