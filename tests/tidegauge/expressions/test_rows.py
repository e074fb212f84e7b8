"""An expression gives the same for a row in Python as for a column in Polars."""

import math
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tidegauge.expressions.sql import COLUMNS, Pair, expressions
from tidegauge.expressions.nodes import finite
from tidegauge.expressions.parsing import parse
from tidegauge.expressions.scalars import Compiler
from tidegauge.fieldtypes import FieldType

INT, FLOAT, STRING, BOOL = FieldType.INT, FieldType.FLOAT, FieldType.STRING, FieldType.BOOL
Row = dict[str, Any]
SCHEMA = {name: kind.dtype for name, kind in COLUMNS.items()}
EDGES: dict[FieldType, list[Any]] = {
    INT: [0, 1, -1, 2**63 - 1, -(2**63), 2**53 + 1, 10**18],
    FLOAT: [0.0, -0.0, 0.5, -0.5, 1.5, 2.5, 2.675, 1e-7, 1e16, 1e22, 1e308, -1e308, 5e-324, 0.07],
    STRING: [
        "",
        "a",
        "A%",
        "ß",
        "ÉΣ",
        "12",
        "-3.5",
        "NaN",
        "inf",
        "-Infinity",
        "1e999",
        " 1",
        "1_0",
    ],
    BOOL: [True, False],
}
ANY: dict[FieldType, st.SearchStrategy[Any]] = {
    INT: st.integers(-(2**63), 2**63 - 1) | st.integers(-20, 20),
    FLOAT: st.floats(allow_nan=False, allow_infinity=False)
    | st.integers(-80, 80).map(lambda n: n / 8),
    STRING: st.text("aAbB%_ éÉßΣ19.-", max_size=5),
    BOOL: st.booleans(),
}
ROWS = st.fixed_dictionaries(
    {name: st.none() | st.sampled_from(EDGES[kind]) | ANY[kind] for name, kind in COLUMNS.items()}
)
OTHERS = [
    "ROUND(x)",
    "ROUND(x, 1)",
    "ROUND(x, 2)",
    "ROUND(x, 7)",
    "ROUND(x, 15)",
    "FLOOR(x)",
    "CEIL(x)",
    "SQRT(x)",
    "LN(x)",
    "EXP(x)",
    "POWER(x, i)",
    "POWER(i, x)",
    "x ^ 2",
    "i ^ 0.5",
    'x % "odd na-me"',
    "x % 0.1",
    "i % x",
    "i % j",
    "-i % 7",
    "i / j",
    "x / i",
    "i * j - i",
    "-i",
    "ABS(i)",
    "i + b",
    "CAST(s AS DOUBLE)",
    "CAST(s AS BIGINT)",
    "CAST(x AS BIGINT)",
    "CAST(x AS VARCHAR)",
    "CAST(i AS VARCHAR)",
    "CAST(b AS VARCHAR)",
    "CAST(i AS BOOLEAN)",
    "CAST(x AS BOOLEAN)",
    "CAST(b AS BIGINT)",
    "CAST(b AS DOUBLE)",
    "CAST(s AS DOUBLE) > 1",
    "s || '-' || i",
    "s || b || x",
    "CONCAT(s, i, x, b)",
    "UPPER(s)",
    "LOWER(s)",
    "LENGTH(s)",
    "s ILIKE 'é%'",
    "s NOT LIKE 'a%'",
    "s ILIKE '%A_'",
    "x = i",
    "i > x",
    "i IN (1, 2.5)",
    "x * x > 1",
    "COALESCE(x * x, 0)",
    "GREATEST(x * x, i)",
    "CASE WHEN x * x > 1 THEN 'a' ELSE 'b' END",
    "NULLIF(x, i)",
    "b IN (c, NULL)",
    "1 / (x * x)",
    "x * x * 0",
    "i BETWEEN NULL AND x",
    "LEAST(s, t)",
    "CASE i WHEN j THEN x END",
    "NOT (i IS DISTINCT FROM x)",
    "CAST(CAST(x AS VARCHAR) AS DOUBLE)",
    "LENGTH(CAST(x AS VARCHAR))",
]


def assert_same(sql: str, rows: list[Row]) -> None:
    node = finite(Compiler(COLUMNS).compile(parse(sql)))
    frame = pl.DataFrame(rows, schema=SCHEMA)
    columns = frame.with_columns(node.polars.alias("r"))["r"].to_list()
    for row, expected in zip(rows, columns, strict=True):
        found = node.row(row, None)
        assert type(found) is type(expected), (sql, row, found, expected)
        assert found == expected, (sql, row, found, expected)
        if isinstance(expected, float):
            assert math.isfinite(expected), (sql, row)


@given(
    pair=st.sampled_from(FieldType).flatmap(expressions),
    rows=st.lists(ROWS, min_size=1, max_size=4),
)
def test_random_expressions_give_the_same_for_a_row(pair: Pair, rows: list[Row]) -> None:
    assert_same(pair.ours, rows)


@pytest.mark.parametrize("sql", OTHERS)
def test_every_function_and_operator_gives_the_same_for_a_row_of_edges(sql: str) -> None:
    kinds = list(COLUMNS.items())
    longest = max(map(len, EDGES.values()))
    rows = [
        {
            name: None
            if shift == 9 and at == 3
            else EDGES[kind][(at * shift + at) % len(EDGES[kind])]
            for at, (name, kind) in enumerate(kinds, shift)
        }
        for shift in range(longest)
    ]
    # Each column takes each of its edges, whatever the others have then.
    every = [
        {
            name: EDGES[kind][(shift + at) % len(EDGES[kind])]
            for at, (name, kind) in enumerate(kinds)
        }
        for shift in range(longest)
    ]
    assert_same(sql, [*rows, *every, dict.fromkeys(COLUMNS)])


@given(sql=st.sampled_from(OTHERS), rows=st.lists(ROWS, min_size=1, max_size=6))
def test_every_function_and_operator_gives_the_same_for_any_row(sql: str, rows: list[Row]) -> None:
    assert_same(sql, rows)
