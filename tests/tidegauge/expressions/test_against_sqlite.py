"""Compiled expressions give what SQLite gives, nulls and all."""

import math
import sqlite3
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tidegauge.expressions.sql import COLUMNS, ROWS, Pair, expressions
from tidegauge.expressions.scalars import compile_scalar
from tidegauge.fieldtypes import FieldType

Row = dict[str, Any]
SCHEMA = {name: kind.dtype for name, kind in COLUMNS.items()}


@pytest.fixture(scope="module")
def sqlite() -> Callable[[str, list[Row]], list[Any]]:
    connection = sqlite3.connect(":memory:")
    connection.execute("PRAGMA case_sensitive_like = ON")
    connection.create_function("FLOOR", 1, lambda x: None if x is None else float(math.floor(x)))
    connection.create_function("CEIL", 1, lambda x: None if x is None else float(math.ceil(x)))
    names = ", ".join(f'"{name}"' for name in COLUMNS)
    connection.execute(f"CREATE TABLE events ({names})")

    def run(sql: str, rows: list[Row]) -> list[Any]:
        connection.execute("DELETE FROM events")
        marks = ", ".join("?" * len(COLUMNS))
        connection.executemany(
            f"INSERT INTO events VALUES ({marks})",
            [tuple(row[name] for name in COLUMNS) for row in rows],
        )
        return [value for (value,) in connection.execute(f"SELECT {sql} FROM events")]

    return run


def same(ours: Any, theirs: Any) -> bool:
    if ours is None or theirs is None:
        return ours is theirs
    if isinstance(ours, float):
        return math.isclose(ours, float(theirs), rel_tol=1e-9, abs_tol=1e-12)
    return bool(ours == theirs)


TYPED = st.sampled_from(FieldType).flatmap(lambda kind: st.tuples(st.just(kind), expressions(kind)))


@given(typed=TYPED, rows=ROWS)
def test_gives_what_sqlite_gives(
    typed: tuple[FieldType, Pair], rows: list[Row], sqlite: Callable[[str, list[Row]], list[Any]]
) -> None:
    kind, pair = typed
    scalar = compile_scalar(pair.ours, COLUMNS)
    frame = pl.DataFrame(rows, schema=SCHEMA)
    result = frame.with_columns(scalar.polars.alias("r"))["r"]
    assert scalar.type is kind
    assert result.dtype == kind.dtype
    theirs = sqlite(pair.theirs, rows)
    assert [same(a, b) for a, b in zip(result, theirs, strict=True)] == [True] * len(rows)
    if kind is FieldType.BOOL:
        assert frame.filter(scalar.polars).height == result.sum()


@given(typed=TYPED, rows=ROWS, at=st.integers(0, 8))
def test_does_not_depend_on_how_rows_are_cut_into_batches(
    typed: tuple[FieldType, Pair], rows: list[Row], at: int
) -> None:
    scalar = compile_scalar(typed[1].ours, COLUMNS)
    frame = pl.DataFrame(rows, schema=SCHEMA)
    whole = frame.with_columns(scalar.polars.alias("r"))["r"]
    parts = [part.with_columns(scalar.polars.alias("r"))["r"] for part in (frame[:at], frame[at:])]
    assert pl.concat(parts).to_list() == whole.to_list()
