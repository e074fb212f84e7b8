"""Events and tables of them for tests."""

from collections.abc import Sequence
from typing import Any

import polars as pl

from operators.ordering.identity import PARTITION
from operators.windows.tables.table import Table, TableValue
from tidegauge.batch import OFFSET, TIME
from tidegauge.expressions.compiled import Scalar
from tidegauge.expressions.scalars import compile_scalar
from tidegauge.fieldtypes import FieldType

COLUMNS = {"s": FieldType.STRING, "i": FieldType.INT, "x": FieldType.FLOAT, "b": FieldType.BOOL}
BY = ["k"]


def scalar(sql: str) -> Scalar:
    """An expression over `COLUMNS`."""
    return compile_scalar(sql, COLUMNS)


def events(rows: Sequence[dict[str, Any]]) -> pl.DataFrame:
    """Events of the key "a" unless `k` says otherwise; their offsets count up."""
    origin = [
        {TIME: 0, PARTITION: 0, OFFSET: offset, "k": "a", **row} for offset, row in enumerate(rows)
    ]
    schema = {TIME: pl.Int64, PARTITION: pl.Int64, OFFSET: pl.Int64, "k": pl.String}
    own = {name: kind.dtype for name, kind in COLUMNS.items()}
    return pl.DataFrame(origin, schema={**schema, **own})


def of_values(column: str, values: Sequence[Any]) -> pl.DataFrame:
    """Events that have nothing but these values of a column."""
    return events([{column: value} for value in values])


def finished(value: TableValue, *parts: pl.DataFrame) -> dict[str, Any]:
    """The value by key, of events that came in parts."""
    table = value.table
    merged = table.merge(pl.concat([table.collect(part, BY) for part in parts]), BY)
    made = value.finish(merged, BY)
    assert made.schema[value.id] == value.dtype
    return dict(made.select("k", value.id).iter_rows())


def content(table: Table, rows: pl.DataFrame) -> list[str]:
    """Rows of a table in an order of their own; as texts, for a key may be null."""
    return sorted(map(str, rows.select(*BY, *table.schema).rows()))
