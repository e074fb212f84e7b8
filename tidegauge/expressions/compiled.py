"""What a compiled expression is."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from tidegauge.fieldtypes import FieldType

Columns = Mapping[str, FieldType | None]
"""Columns that an expression can name, with their types; None for one whose type is unknown."""


class ExpressionError(ValueError):
    """An expression cannot be compiled; the message says what is wrong and what is allowed."""


class UntypedColumnError(ExpressionError):
    """The type of an expression depends on a column whose own type is unknown."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the type of column {name!r} is not known")


@dataclass(frozen=True, slots=True)
class Scalar:
    """An expression over the columns of one row, run on a whole frame at once."""

    sql: str
    polars: pl.Expr
    type: FieldType
    columns: frozenset[str]


@dataclass(frozen=True, slots=True)
class AggregateCall:
    """One aggregate inside an expression.

    `function` is one of count, sum, avg, min, max, std_dev, std_dev_pop, variance, var_pop, first,
    last, delta, rate, event_rate, percentile, distinct, top; `argument` is None where every row
    counts (`count(*)`); `number` is the share of a percentile (0 to 1) or the length of a top list.
    `id` names the call's result column and is the same for the same call everywhere; `written` is
    the argument as it was written, with its FILTER.
    """

    id: str
    function: str
    argument: Scalar | None
    type: FieldType
    number: float | int | None = None
    written: str = "*"


@dataclass(frozen=True, slots=True)
class Aggregate:
    """An expression over aggregates: arithmetic (`finish`) over columns named by the calls' ids."""

    sql: str
    calls: tuple[AggregateCall, ...]
    finish: pl.Expr
    type: FieldType
