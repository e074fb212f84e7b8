"""What is infinite or undefined is null, wherever in an expression it comes up."""

import math

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegauge.expressions.aggregates import compile_aggregate
from tidegauge.expressions.scalars import compile_scalar
from tidegauge.fieldtypes import FieldType

COLUMNS = {
    "s": FieldType.STRING,
    "x": FieldType.FLOAT,
    "y": FieldType.FLOAT,
    "n": FieldType.INT,
    "b": FieldType.BOOL,
}
SCHEMA = {name: kind.dtype for name, kind in COLUMNS.items()}
NOT_FINITE = [
    *(
        f"CAST('{text}' AS DOUBLE)"
        for text in ("NaN", "nan", "inf", "-Infinity", "1e999", "-1e999")
    ),
    "CAST(s AS DOUBLE)",
    "s::double",
    "x * 10",
    "x + x",
    "-x - x",
    "x / 0",
    "x / 0.01",
    "0 / n",
    "n / n",
    "1 / n",
    "x % 0",
    "x % n",
    "POWER(x, 2)",
    "POWER(n, -1)",
    "x ^ 2",
    "POWER(-2, 0.5)",
    "SQRT(-1)",
    "SQRT(-x)",
    "LN(0)",
    "LN(-x)",
    "LN(n)",
    "EXP(1000)",
    "EXP(x)",
    "1e308 * 10",
    "-(x * 10)",
    "ABS(x * 10)",
    "x * 10 - x * 10",
    "(x * 10) * 0",
    "x * 10 / 2",
    "x * 10 % 3",
    "ROUND(x * 10)",
    "FLOOR(x * 10)",
    "CASE WHEN TRUE THEN x * 10 END",
    "COALESCE(x * 10)",
    "NULLIF(x * 10, 1)",
    "LEAST(x * 10, NULL)",
    "GREATEST(CAST(s AS DOUBLE), NULL)",
]
"""Of the row below none of them has a value."""
ROW = {"s": "NaN", "x": 1e308, "y": 1.0, "n": 0, "b": True}
WITHIN = [
    ("{} > 80", None),
    ("{} < -40", None),
    ("80 >= {}", None),
    ("{} = {}", None),
    ("{} <> 1", None),
    ("{} IN (1, 2)", None),
    ("{} NOT IN (1, 2)", None),
    ("{} BETWEEN 0 AND 1", None),
    ("{} IS NULL", True),
    ("{} IS NOT NULL", False),
    ("{} IS DISTINCT FROM NULL", False),
    ("CASE WHEN {} > 0 THEN 'a' ELSE 'b' END", "b"),
    ("COALESCE({}, 0.0)", 0.0),
    ("CASE {} WHEN 1 THEN 'a' ELSE 'b' END", "b"),
    ("GREATEST({}, 1.0)", 1.0),
    ("LEAST({}, 1.0)", 1.0),
    ("y / {}", None),
    ("y % {}", None),
    ("EXP(-ABS({}))", None),
    ("POWER({}, 0)", None),
    ("POWER(1, {})", None),
    ("CAST({} AS VARCHAR)", None),
    ("CAST({} AS BIGINT)", None),
    ("CAST({} AS BOOLEAN)", None),
    ("'a' || {}", None),
    ("CONCAT('a', {})", "a"),
    ("SQRT({}) > 1", None),
    ("b AND {} > 1", None),
    ("NOT {} > 1", None),
    ("{} > 1 OR b", True),
    ("{} IS NULL AND b", True),
    ("{} + 1 > 0", None),
    ("ROUND({}) > 0", None),
]


def value(sql: str) -> object:
    scalar = compile_scalar(sql, COLUMNS)
    frame = pl.DataFrame([ROW], schema=SCHEMA)
    return frame.with_columns(scalar.polars.alias("r"))["r"][0]


@pytest.mark.parametrize("inner", NOT_FINITE)
def test_what_is_not_finite_is_null(inner: str) -> None:
    assert value(inner) is None


@pytest.mark.parametrize(("outer", "expected"), WITHIN)
def test_what_is_not_finite_is_null_within_any_expression(outer: str, expected: object) -> None:
    found = {inner: value(outer.replace("{}", f"({inner})")) for inner in NOT_FINITE}
    assert found == dict.fromkeys(NOT_FINITE, expected)


@pytest.mark.parametrize("inner", NOT_FINITE)
def test_aggregates_pass_over_what_is_not_finite(inner: str) -> None:
    for sql in (f"sum({inner})", f"count({inner})", f"count(*) FILTER (WHERE {inner} > 80)"):
        (call,) = compile_aggregate(sql, COLUMNS).calls
        assert call.argument is not None
        frame = pl.DataFrame([ROW], schema=SCHEMA)
        assert frame.with_columns(call.argument.polars.alias("r"))["r"][0] is None


@pytest.mark.parametrize("sql", ["sum(x) > 5", "avg(x) > 5", "variance(x) < 5", "1 / sum(x) = 0"])
def test_an_aggregate_that_is_not_finite_is_null(sql: str) -> None:
    aggregate = compile_aggregate(sql, COLUMNS)
    for number in (math.inf, -math.inf, math.nan):
        frame = pl.DataFrame({call.id: [number] for call in aggregate.calls})
        assert frame.select(aggregate.finish).item() is None


FUNCTIONS = ["ROUND({}, 2)", "FLOOR({})", "SQRT({})", "LN({})", "EXP({})", "ABS({})", "-({})"]
FUNCTIONS += ["CAST(CAST({} AS VARCHAR) AS DOUBLE)", "COALESCE({}, y)", "NULLIF({}, 1)"]
LEAVES = st.sampled_from(["x", "y", "n", "b", "CAST(s AS DOUBLE)", "0", "0.5", "1e300"])
TREES = st.recursive(
    LEAVES,
    lambda part: (
        st.builds(str.format, st.sampled_from(FUNCTIONS), part)
        | st.builds("({} {} {})".format, part, st.sampled_from("+-*/%^"), part)
        | st.builds("CASE WHEN {} > {} THEN {} ELSE {} END".format, part, part, part, part)
        | st.builds("GREATEST({}, {})".format, part, part)
    ),
    max_leaves=5,
)
ROWS = st.fixed_dictionaries(
    {
        "s": st.sampled_from(["NaN", "inf", "-inf", "1e999", "7", "-1e308", "x", ""]),
        "x": st.floats(allow_nan=False, allow_infinity=False),
        "y": st.sampled_from([0.0, -0.0, 1.0, -2.5, 1e308, -1e308, 5e-324]),
        "n": st.integers(-(2**63), 2**63 - 1),
        "b": st.booleans(),
    }
)


@given(left=TREES, right=TREES, rows=st.lists(ROWS, min_size=1, max_size=4))
def test_a_derived_column_and_the_same_expression_within_a_condition_agree(
    left: str, right: str, rows: list[dict[str, object]]
) -> None:
    frame = pl.DataFrame(rows, schema=SCHEMA)
    sides = {"left": compile_scalar(left, COLUMNS), "right": compile_scalar(right, COLUMNS)}
    derived = frame.with_columns(
        scalar.polars.cast(pl.Float64).alias(name) for name, scalar in sides.items()
    )
    for name in sides:
        assert derived[name].is_finite().all()
    within = compile_scalar(f"({left}) > ({right})", COLUMNS).polars
    assert frame.with_columns(r=within)["r"].to_list() == [
        None if a is None or b is None else a > b
        for a, b in zip(derived["left"], derived["right"], strict=True)
    ]
