"""Percentiles from a histogram whose buckets grow with the values.

The idea is DDSketch's: Masson, Rim and Lee, "DDSketch: a fast and fully-mergeable quantile sketch
with relative-error guarantees" (2019). A bucket is a power of two cut into 128 equal pieces, read
off the bits of the double, so that no logarithm is rounded: counts are integers, the same however
the events were split.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from operators.windows.tables.table import Table, TableValue

RELATIVE_ERROR = 2.0**-8
"""How far the value of a bucket may be from one in it, as a share of that: 0.4 %."""

BUCKET = "_bucket"
"""Column: number of the bucket, ascending with the values; 0 holds zero (Int64)."""
COUNT = "_count"
"""Column: values in the bucket (Int64)."""

_SHIFT = 52 - 7
"""Bits of the fraction of a double that do not count."""
_MAGNITUDE = 2**63 - 1
"""All bits but the sign."""


@dataclass(frozen=True)
class Histogram(Table):
    """Values by bucket; those that are not finite are left out."""

    @property
    def name(self) -> str:
        """Name of the table."""
        return f"_histogram({self.typed})"

    @property
    def schema(self) -> dict[str, type[pl.DataType]]:
        """Its columns."""
        return {BUCKET: pl.Int64, COUNT: pl.Int64}

    def collect(self, events: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
        """Rows of a batch of events."""
        number = self.values.cast(pl.Float64).alias(BUCKET)
        values = events.lazy().select(*by, number).filter(pl.col(BUCKET).is_finite())
        bucket = _bucket(pl.col(BUCKET)).alias(BUCKET)
        return values.group_by(*by, bucket).agg(pl.len().cast(pl.Int64).alias(COUNT)).collect()

    def merge(self, rows: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
        """Counts add up."""
        return rows.group_by(*by, BUCKET).agg(pl.col(COUNT).sum())


@dataclass(frozen=True)
class Percentile(TableValue):
    """The value below which a share of the values lies, as `percentile_cont` has it.

    Between the two values whose ranks are nearest it is in proportion; each of the two is off by at
    most `RELATIVE_ERROR` of itself.

    Attributes:
        share: 0 (lowest) to 1 (highest).
    """

    share: float

    @property
    def id(self) -> str:
        """Name of the column."""
        return f"{self.table.name}@{self.share!r}"

    @property
    def dtype(self) -> type[pl.DataType]:
        """Type of the column."""
        return pl.Float64

    def finish(self, rows: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
        """The percentiles."""
        seen = pl.col(COUNT).cum_sum()
        rank = self.share * (pl.col(COUNT).sum() - 1)
        low = _middle(pl.col(BUCKET).filter(seen > rank.floor()).first())
        high = _middle(pl.col(BUCKET).filter(seen > rank.ceil()).first())
        part = rank - rank.floor()
        # Of far apart values the difference could overflow.
        value = pl.when(part > 0).then(low * (1 - part) + high * part).otherwise(low)
        return rows.lazy().sort(BUCKET).group_by(by).agg(value.alias(self.id)).collect()


def _bucket(number: pl.Expr) -> pl.Expr:
    bits = number.reinterpret(dtype=pl.Int64) & _MAGNITUDE
    size = bits // 2**_SHIFT + 1
    return pl.when(number > 0).then(size).when(number < 0).then(-size).otherwise(0)


def _middle(bucket: pl.Expr) -> pl.Expr:
    """The value halfway between the ends of a bucket."""
    bits = (bucket.abs().clip(1) - 1) * 2**_SHIFT + 2 ** (_SHIFT - 1)
    middle: pl.Expr = bits.reinterpret(dtype=pl.Float64) * bucket.sign()
    return middle
