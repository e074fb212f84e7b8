"""Whatever the text: an expression that runs, or an ExpressionError in one line."""

from collections.abc import Callable
from typing import TypeVar

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tidegauge.expressions.aggregates import compile_aggregate
from tidegauge.expressions.compiled import Columns, ExpressionError
from tidegauge.expressions.scalars import compile_scalar
from tidegauge.fieldtypes import FieldType

T = TypeVar("T")
COLUMNS = {"a": FieldType.FLOAT, "n": FieldType.INT, "s": FieldType.STRING, "b": FieldType.BOOL}
FRAME = pl.DataFrame(
    {"a": [1.5, None], "n": [0, None], "s": ["x", None], "b": [True, None]},
    schema={name: kind.dtype for name, kind in COLUMNS.items()},
)
WORDS = """
    a n s b 1 0.5 'x' NULL TRUE ( ) , + - * / % = <> < > || . ; ^ ! ? : [ ] { } @ # $ ~
    AND OR NOT IS IN BETWEEN LIKE ILIKE ESCAPE CASE WHEN THEN ELSE END CAST AS BIGINT
    VARCHAR DOUBLE COALESCE( NULLIF( ABS( ROUND( FLOOR( LENGTH( CONCAT( GREATEST( SQRT( LN( EXP(
    POWER( count(*) sum( avg( min( max( std_dev( SELECT FROM a.n :: DISTINCT OVER FILTER
    INTERVAL DATE ANY EXISTS ARRAY LATERAL -- /* */ "a" 'x E'
"""
TEXTS = st.text(max_size=60) | st.lists(st.sampled_from(WORDS.split()), max_size=14).map(" ".join)

CALLS = st.builds(
    "{}({}) {} {}(n)".format,
    st.sampled_from(["count", "sum", "avg", "min", "max", "first", "last", "distinct", "rate"]),
    st.sampled_from(["a", "n", "b", "s", "n % 2", "a / n", "CAST(s AS DOUBLE)"]),
    st.sampled_from(["+", "-", "*", "/", "%", ">", "="]),
    st.sampled_from(["count", "avg", "max", "delta", "std_dev"]),
)


def compiled(compile_: Callable[[str, Columns], T], sql: str) -> T | None:
    refused = None
    try:
        return compile_(sql, COLUMNS)
    except ExpressionError as error:
        refused = str(error)
    assert "\n" not in refused
    return None


@given(TEXTS)
@example("a IS NULL IS NULL")
@example("CASE END")
@example("FLOOR(")
@example("\x00")
@example("\ud800")
def test_any_text_compiles_and_runs_or_is_refused_in_a_line(sql: str) -> None:
    scalar = compiled(compile_scalar, sql)
    if scalar:
        assert FRAME.with_columns(scalar.polars.alias("r")).schema["r"] == scalar.type.dtype


@given(TEXTS | CALLS)
@example("sum(sum(a))")
@example("count(DISTINCT a, b)")
@example("sum(a) / count(*)")
@example("top(s, 3)")
@example("count(*) > 5 OR max(b) = 1")
def test_any_text_is_an_aggregate_or_refused_in_a_line(sql: str) -> None:
    aggregate = compiled(compile_aggregate, sql)
    if aggregate:
        frame = pl.DataFrame(
            {
                call.id: pl.Series([1, 0], strict=False).cast(call.type.dtype)
                for call in aggregate.calls
            }
        )
        assert frame.with_columns(aggregate.finish.alias("r")).schema["r"] == aggregate.type.dtype


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("(" * 21 + "n" + ")" * 21, "more than 20 brackets within each other"),
        ("CASE WHEN " * 30, "more than 20 brackets within each other"),
        ("NOT " * 200 + "b", "nested"),
        ("n" + " + n" * 150, "nested more than 100 levels deep"),
        ("n + " * 1_000 + "n", "longer than 2,000 characters"),
        ("n" + " % n" * 12, "too complex: split it with `derive`"),
    ],
)
def test_is_bounded(sql: str, message: str) -> None:
    with pytest.raises(ExpressionError, match=message):
        compile_scalar(sql, COLUMNS)


def test_what_people_write_is_within_the_bounds() -> None:
    many = " OR ".join(f"(n = {i} AND s <> 'x{i}')" for i in range(50))
    assert compile_scalar(many, COLUMNS).type is FieldType.BOOL
    listed = ", ".join(f"'{i}'" for i in range(300))
    assert compile_scalar(f"s IN ({listed})", COLUMNS).type is FieldType.BOOL
    assert compile_scalar("(" * 20 + "n" + ")" * 20, COLUMNS).type is FieldType.INT
