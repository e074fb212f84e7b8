import math
import statistics
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
from hypothesis import given

from tests.tidegauge.expressions.sql import COLUMNS, ROWS
from tidegauge.expressions.aggregates import compile_aggregate
from tidegauge.expressions.compiled import AggregateCall, ExpressionError
from tidegauge.fieldtypes import FieldType

Row = dict[str, Any]
SCHEMA = {name: kind.dtype for name, kind in COLUMNS.items()}


def slow_call(call: AggregateCall, frame: pl.DataFrame) -> Any:
    """The call over all rows, one value after the other."""
    if call.argument is None:
        return frame.height
    column = frame.with_columns(call.argument.polars.alias("r"))["r"]
    values = [value for value in column if value is not None]
    if call.function == "count":
        return len(values)
    numbers = [float(value) if call.type is FieldType.FLOAT else int(value) for value in values]
    functions: dict[str, Callable[[list[Any]], Any]] = {
        "sum": sum,
        "avg": statistics.fmean,
        "min": min,
        "max": max,
        "std_dev": statistics.stdev,
        "std_dev_pop": statistics.pstdev,
    }
    needed = 2 if call.function == "std_dev" else 1
    return functions[call.function](numbers) if len(numbers) >= needed else None


def value(sql: str, rows: list[Row]) -> Any:
    frame = pl.DataFrame(rows, schema=SCHEMA)
    aggregate = compile_aggregate(sql, COLUMNS)
    calls = {
        call.id: pl.Series([slow_call(call, frame)], dtype=call.type.dtype, strict=False)
        for call in aggregate.calls
    }
    result = pl.DataFrame(calls).with_columns(aggregate.finish.alias("r"))["r"]
    assert result.dtype == aggregate.type.dtype
    return result[0]


@given(rows=ROWS)
def test_finishes_what_the_calls_gave(rows: list[Row]) -> None:
    numbers = [row["i"] for row in rows if row["i"] is not None]
    rate = sum(row["b"] or 0 for row in rows) / len(rows)
    assert value("sum(b) / count(*)", rows) == (
        rate if any(r["b"] is not None for r in rows) else None
    )
    assert value("COALESCE(sum(i), 0)", rows) == sum(numbers)
    assert value("max(i) - min(i)", rows) == (max(numbers) - min(numbers) if numbers else None)
    spread = value("std_dev(i)", rows)
    if len(numbers) > 1:
        assert math.isclose(spread, statistics.stdev(numbers), abs_tol=1e-12)
    else:
        assert spread is None


@pytest.mark.parametrize(
    ("sql", "calls", "kind"),
    [
        ("count(*)", ["count(*)"], FieldType.INT),
        ("count(1)", ["count(*)"], FieldType.INT),
        ("COUNT( i )", ['count("i")'], FieldType.INT),
        ("count(s)", ['count("s")'], FieldType.INT),
        ("sum(i)", ['sum("i")'], FieldType.INT),
        ("sum(b)", ['sum("b")'], FieldType.INT),
        ("sum(x)", ['sum("x")'], FieldType.FLOAT),
        ("avg(b)", ['avg("b")'], FieldType.FLOAT),
        ("max(b)", ['max("b")'], FieldType.INT),
        ("min(x)", ['min("x")'], FieldType.FLOAT),
        ("stddev(i)", ['std_dev("i")'], FieldType.FLOAT),
        ("stddev_samp(i)", ['std_dev("i")'], FieldType.FLOAT),
        ("STD_DEV( (i) )", ['std_dev("i")'], FieldType.FLOAT),
        ("stddev_pop(i)", ['std_dev_pop("i")'], FieldType.FLOAT),
        ("std_dev_pop(i)", ['std_dev_pop("i")'], FieldType.FLOAT),
        ("sum(i) / sum( i )", ['sum("i")'], FieldType.FLOAT),
        ("sum(CASE WHEN b THEN x END)", ['sum(CASE WHEN "b" THEN "x" END)'], FieldType.FLOAT),
        ("variance(i)", ['variance("i")'], FieldType.FLOAT),
        ("var_samp(i)", ['variance("i")'], FieldType.FLOAT),
        ("var_pop(i)", ['var_pop("i")'], FieldType.FLOAT),
        ("first(s)", ['first("s")'], FieldType.STRING),
        ("first_value(b)", ['first("b")'], FieldType.BOOL),
        ("last(i)", ['last("i")'], FieldType.INT),
        ("last_value(x)", ['last("x")'], FieldType.FLOAT),
        ("delta(i)", ['delta("i")'], FieldType.INT),
        ("delta(x)", ['delta("x")'], FieldType.FLOAT),
        ("rate()", ["event_rate(*)"], FieldType.FLOAT),
        ("RATE(*)", ["event_rate(*)"], FieldType.FLOAT),
        ("rate(i)", ['rate("i")'], FieldType.FLOAT),
        ("median(i)", ['percentile("i", 0.5)'], FieldType.FLOAT),
        ("percentile(i, 0.50)", ['percentile("i", 0.5)'], FieldType.FLOAT),
        ("quantile(i, 1)", ['percentile("i", 1.0)'], FieldType.FLOAT),
        (
            "percentile_cont(0.9) WITHIN GROUP (ORDER BY x)",
            ['percentile("x", 0.9)'],
            FieldType.FLOAT,
        ),
        (
            "percentile_cont(0.25) WITHIN GROUP (ORDER BY x DESC)",
            ['percentile("x", 0.75)'],
            FieldType.FLOAT,
        ),
        ("distinct(s)", ['distinct("s")'], FieldType.INT),
        ("1 + DISTINCT (s)", ['distinct("s")'], FieldType.INT),
        ("abs(distinct(i))", ['distinct("i")'], FieldType.INT),
        ("count(DISTINCT s)", ['distinct("s")'], FieldType.INT),
        ("count(DISTINCT (s))", ['distinct("s")'], FieldType.INT),
        ("approx_count_distinct(s)", ['distinct("s")'], FieldType.INT),
        ("top(s, 3)", ['top("s", 3)'], FieldType.STRING),
        ("last(s) = 'up'", ['last("s")'], FieldType.BOOL),
        ("sum(x) FILTER (WHERE b)", ['sum(CASE WHEN "b" THEN "x" END)'], FieldType.FLOAT),
        ("count(*) FILTER (WHERE b)", ['count(CASE WHEN "b" THEN 1 END)'], FieldType.INT),
        ("rate() FILTER (WHERE b)", ['event_rate(CASE WHEN "b" THEN 1 END)'], FieldType.FLOAT),
        (
            "percentile_cont(0.9) WITHIN GROUP (ORDER BY x) FILTER (WHERE i > 1)",
            ['percentile(CASE WHEN "i" > 1 THEN "x" END, 0.9)'],
            FieldType.FLOAT,
        ),
        ("count(*) > 3 AND avg(x) > 0.5", ["count(*)", 'avg("x")'], FieldType.BOOL),
    ],
)
def test_names_each_call_once_and_in_one_way(sql: str, calls: list[str], kind: FieldType) -> None:
    aggregate = compile_aggregate(sql, COLUMNS)
    assert [call.id for call in aggregate.calls] == calls
    assert aggregate.type is kind


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("i", "column i stands outside an aggregate: use one of count(…), sum(…)"),
        ("sum(i) + i", "column i stands outside an aggregate"),
        (
            "count(*) FILTER (WHERE i)",
            "FILTER needs a condition, but i is an int: compare it with something",
        ),
        ("max(i, 3)", "max(i, 3): an aggregate takes one argument"),
        ("last(i, 1)", "last(i, 1): an aggregate takes one argument"),
        ("ROUND(max(i, 3) / 2, 1)", "max(i, 3): an aggregate takes one argument"),
        ("sum(avg(i))", "sum(avg(i)): an aggregate cannot be within another (avg(i))"),
        ("sum(1 + std_dev(i))", "an aggregate cannot be within another"),
        ("max(s)", "max needs numbers, but s is a string (only count, distinct, first,"),
        ("1 + 1", "no aggregate in it: use count(…), sum(…)"),
        ("sum(k)", "unknown column 'k'"),
        ("mode(i)", "unknown function 'MODE'"),
        ("avgg(i)", "unknown function 'AVGG' (did you mean AVG?)"),
        ("sum(DISTINCT i)", "DISTINCT is available as count(DISTINCT x)"),
        ("count(DISTINCT i, j)", "DISTINCT is available as count(DISTINCT x)"),
        ("percentile(i)", "it takes a value and a number, such as percentile(x, 0.9)"),
        ("percentile(i, 95)", "95 is no percentile; allowed: 0 to 1; write 0.95"),
        ("percentile(i, -1)", "-1 is no percentile; allowed: 0 to 1"),
        ("percentile(i, j)", "j is no percentile"),
        ("percentile_disc(0.5) WITHIN GROUP (ORDER BY i)", "write percentile(x, 0.9)"),
        ("top(s)", "it takes a value and a number, such as top(x, 3)"),
        ("top(s, 0)", "0 is no length of a top list; allowed: 1 to 100"),
        ("top(s, 2.5)", "2.5 is no length of a top list"),
        ("median(s)", "median needs numbers, but s is a string"),
        ("delta(s)", "delta needs numbers"),
        ("rate(s)", "rate needs numbers"),
        ("delta()", "an aggregate takes one argument"),
        ("sum(i) FILTER (WHERE i)", "FILTER needs a condition"),
        ("sum(i) FILTER (WHERE sum(i) > 1)", "an aggregate cannot be within another"),
        ("sum(rate())", "an aggregate cannot be within another (rate())"),
        ("max(i, 1)", "an aggregate takes one argument"),
        ("count()", "an aggregate takes one argument"),
        ("sum(i) OVER ()", "is not allowed here"),
        ("sum(*)", "is not allowed here"),
    ],
)
def test_refuses(sql: str, message: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_aggregate(sql, COLUMNS)
    assert message in str(caught.value)
