"""Expressions: every text is compiled or refused in a line, and what is compiled can be run."""

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from operators.cep.layout import EventLayout
from operators.cep.sql_condition import Parts, RunValues
from tests.fuzz import examples
from tests.tidegauge.expressions.sql import COLUMNS
from tidegauge.expressions.aggregates import compile_aggregate
from tidegauge.expressions.compiled import ExpressionError
from tidegauge.expressions.opaque import misused
from tidegauge.expressions.scalars import compile_scalar
from tidegauge.patterns.run_scope import CALLS

_MARKS = "+ - * / % ( ) , . = <> < > <= >= || :: [ ] { } ; -- /* */ ' \" $1 ? : @ # ~ ^ & | !"
_NAMES = """and or not is null in like between case when then else end cast as int double true
    count sum avg min max distinct quantile abs round floor coalesce nullif lower length
    select from where exists over partition interval date now() array struct lambda
    0 1 1.5 1e400 99999999999999999999 0x1f 'text' 'it''s' '' "odd 1/0 -1"""
_WORDS = [
    *COLUMNS,
    *_MARKS.split(),
    *_NAMES.split(),
    '"odd na-me"',
    "count(*)",
    "'%_\\'",
    "e'\\x'",
    "U&'\\0041'",
    "(" * 30,
    ")" * 30,
    "not " * 60,
    "- " * 200,
    "\x00",
    "é",
    "🎈",
]
_soup = st.lists(st.sampled_from(_WORDS), min_size=1, max_size=14).map(" ".join)
_AGGREGATES = [
    f"{call}({step}.{column}{end}"
    for call in CALLS.values()
    for step, column in (("a", "i"), ("b", "x"), ("a", "s"), ("a", "b"))
    for end in (")", ")", ", 1)", " % 2)")
]
_soup_of_runs = st.lists(
    st.sampled_from([*_WORDS, *_AGGREGATES, *"+-*/%<=" * 3, *["AND", "OR"] * 9]), max_size=9
).map(" ".join)
texts = _soup | st.text(st.characters(), max_size=40)
FRAME = pl.DataFrame(
    {name: pl.Series([None, None], dtype=kind.dtype) for name, kind in COLUMNS.items()}
)


def told(error: ExpressionError) -> None:
    """A refusal is one line."""
    assert str(error)
    assert "\n" not in str(error)


@settings(max_examples=examples(300))
@given(texts)
def test_a_scalar_is_compiled_or_refused_in_a_line(sql: str) -> None:
    try:
        scalar = compile_scalar(sql, COLUMNS)
    except ExpressionError as error:
        told(error)
        return
    made = FRAME.select(scalar.polars.cast(scalar.type.dtype).alias("made"))
    assert made.schema["made"] == scalar.type.dtype


@settings(max_examples=examples(300))
@given(texts)
def test_an_aggregate_is_compiled_or_refused_in_a_line(sql: str) -> None:
    try:
        compile_aggregate(sql, COLUMNS)
    except ExpressionError as error:
        told(error)


@settings(max_examples=examples(300))
@given(_soup_of_runs | texts)
def test_what_a_pattern_asks_is_compiled_or_refused_in_a_line(sql: str) -> None:
    layout = EventLayout(())
    values = RunValues(COLUMNS, ["a", "b"], layout)
    for compile_ in (values.condition, values.expression):
        try:
            made = compile_(sql)
        except ExpressionError as error:
            told(error)
            continue
        evaluate = made.run if isinstance(made, Parts) else made[0]
        memo = tuple(one.initial for one in values.accumulators)
        if evaluate is not None:
            evaluate([None] * len(layout.slots), memo)


@settings(max_examples=examples(100))
@given(texts)
def test_what_is_done_with_a_hash_is_always_found_out(sql: str) -> None:
    misused(sql, {"s", "t"})
