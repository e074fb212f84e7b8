"""What a pattern can ask of the events that a run took, with any function of a row."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators.cep.matcher import Matcher
from operators.cep.measures import Measures
from tests.operators.cep.timelines import CARRY, COLUMNS, events, matcher_of, matches
from tidegauge.expressions.compiled import ExpressionError
from tidegauge.fieldtypes import FieldType
from tidegauge.patterns.pattern import Pattern, step_names
from tidegauge.patterns.row_pattern import parse_rows
from tidegauge.patterns.run_scope import MAX_OFFSET, RunScope

DOWN = parse_rows(
    "p",
    "a b* c",
    {"a": "kind = 'a'", "b": "kind = 'b'", "c": "kind = 'c'"},
    after_match="NO SKIP",
)


def measured(sql: str, line: str, amounts: list[float], made: Pattern = DOWN) -> Any:
    """A measure of the one match on a line."""
    matcher = matcher_of(made)
    measures = Measures(made, {"value": sql}, COLUMNS, matcher.layout)
    (result,) = matcher.process(events(line, amounts))
    return measures.of(result.path)["value"]


def holds(condition: str, line: str, amounts: list[float]) -> bool:
    """Whether a condition of the last event holds."""
    define = {"a": "kind = 'a'", "b": "kind = 'b'", "c": f"kind = 'c' AND {condition}"}
    return bool(matches(parse_rows("p", "a b* c", define, after_match="NO SKIP"), line, amounts))


OFFSETS = [
    ("LAST(b.amount)", 2.0),
    ("LAST(b.amount, 0)", 2.0),
    ("LAST(b.amount, 1)", 3.0),
    ("LAST(b.amount, 2)", 4.0),
    ("LAST(b.amount, 3)", None),
    ("LAST(b.amount, 100)", None),
    ("FIRST(b.amount)", 4.0),
    ("FIRST(b.amount, 0)", 4.0),
    ("FIRST(b.amount, 1)", 3.0),
    ("FIRST(b.amount, 2)", 2.0),
    ("FIRST(b.amount, 3)", None),
    ("LAST(a.amount, 1)", None),
    ("FIRST(b.amount * 2, 1) - LAST(b.amount, 1)", 3.0),
    ("LAST(b.kind, 1)", "b"),
    ("COALESCE(LAST(a.amount, 1), LAST(b.amount, 1))", 3.0),
]


@pytest.mark.parametrize(("sql", "value"), OFFSETS)
def test_an_offset_of_first_and_last_is_so_many_events_away(sql: str, value: object) -> None:
    assert measured(sql, "abbbc", [9, 4, 3, 2, 1]) == value
    test = f"{sql} IS NULL" if value is None else f"{sql} = {value!r}"
    assert holds(test, "abbbc", [9, 4, 3, 2, 1])
    assert not holds(f"NOT ({test})", "abbbc", [9, 4, 3, 2, 1])


@pytest.mark.parametrize(("line", "first", "last"), [("ac", None, None), ("abc", None, None)])
def test_where_there_is_no_such_event_it_is_null(line: str, first: object, last: object) -> None:
    amounts = [float(n) for n in range(len(line))]
    assert measured("FIRST(b.amount, 1)", line, amounts) is first
    assert measured("LAST(b.amount, 1)", line, amounts) is last


@given(st.lists(st.integers(0, 9), max_size=8), st.integers(0, 9))
def test_first_and_last_of_any_run_are_those_of_its_events(taken: list[int], offset: int) -> None:
    line, amounts = "a" + "b" * len(taken) + "c", [0.0, *map(float, taken), 0.0]
    far = offset >= len(taken)
    assert measured(f"FIRST(b.amount, {offset})", line, amounts) == (None if far else taken[offset])
    assert measured(f"LAST(b.amount, {offset})", line, amounts) == (
        None if far else taken[-1 - offset]
    )


def test_an_offset_counts_events_with_nulls_too() -> None:
    matcher = matcher_of(DOWN)
    measures = Measures(DOWN, {"value": "LAST(b.amount, 1)"}, COLUMNS, matcher.layout)
    frame = events("abbbc", [9, 4, 3, 2, 1])
    frame[3, "amount"] = None
    frame[2, "amount"] = None
    (result,) = matcher.process(frame)
    assert measures.of(result.path) == {"value": None}


EMPTY = {
    "COUNT(b)": 0,
    "COUNT(b.amount)": 0,
    "SUM(b.amount)": None,
    "SUM(b.amount > 1)": None,
    "AVG(b.amount)": None,
    "MIN(b.amount)": None,
    "MAX(b.kind)": None,
    "LAST(b.kind)": None,
    "COALESCE(SUM(b.amount), 0)": 0.0,
    "SUM(b.amount) + 1": None,
}


@pytest.mark.parametrize(("sql", "value"), EMPTY.items())
def test_of_nothing_counts_are_0_and_the_others_null(sql: str, value: object) -> None:
    assert measured(sql, "ac", [1, 2]) == value
    test = f"{sql} IS NULL" if value is None else f"{sql} = {value}"
    assert holds(test, "ac", [1, 2])


def test_of_nulls_a_sum_is_null() -> None:
    matcher = matcher_of(DOWN)
    measures = Measures(DOWN, {"value": "SUM(b.amount)"}, COLUMNS, matcher.layout)
    frame = events("abc", [9, 4, 1])
    frame[1, "amount"] = None
    (result,) = matcher.process(frame)
    assert measures.of(result.path) == {"value": None}


@pytest.mark.parametrize(
    ("sql", "value"),
    [
        ("SUM(b.kind = 'b')", 3),
        ("SUM(CAST(b.amount AS BIGINT)) * 4000000000000000000", -893488147419103232),
        ("SUM(CAST(b.amount AS BIGINT) * 2000000000000000000)", None),
        ("SUM(b.amount * 1e308)", None),
        ("SUM(b.amount * 1e308) > 5", None),
        ("AVG(b.amount * 1e308)", None),
        ("MAX(b.amount * 1e308)", None),
    ],
)
def test_what_does_not_fit_is_null_or_wraps_around_as_in_windows(sql: str, value: object) -> None:
    assert measured(sql, "abbbc", [9, 4, 3, 2, 1]) == value


FUNCTIONS = [
    ("ROUND(AVG(b.amount) / 7, 2)", 0.43),
    ("FLOOR(LAST(b.amount) / 4)", 0.0),
    ("CEIL(LAST(b.amount) / 4)", 1.0),
    ("CAST(LAST(b.amount) AS BIGINT)", 2),
    ("CAST(COUNT(b) AS VARCHAR)", "3"),
    ("UPPER(LAST(b.kind))", "B"),
    ("LOWER('X')", "x"),
    ("LENGTH(LAST(b.kind))", 1),
    ("CONCAT(LAST(a.kind), '-', COUNT(b))", "a-3"),
    ("LAST(a.kind) || LAST(b.kind)", "ab"),
    ("LAST(a.kind) LIKE 'a%'", True),
    ("LAST(a.kind) NOT ILIKE '_A'", True),
    ("GREATEST(LAST(a.amount), LAST(b.amount))", 9.0),
    ("LEAST(COUNT(b), LAST(b.amount))", 2.0),
    ("NULLIF(COUNT(b), 3)", None),
    ("SQRT(LAST(a.amount))", 3.0),
    ("SQRT(-LAST(a.amount))", None),
    ("EXP(LAST(b.amount, 9))", None),
    ("POWER(COUNT(b), 2)", 9.0),
    ("COUNT(b) ^ 2", 9.0),
    ("LN(COUNT(b) - 3)", None),
    ("CASE WHEN COUNT(b) > 2 THEN 'many' ELSE 'few' END", "many"),
    ("CASE COUNT(b) WHEN 3 THEN LAST(a.kind) END", "a"),
    ("COUNT(b) % 2", 1),
    ("-COUNT(b) % 2", -1),
    ("LAST(a.amount) % 0.4", 9 % 0.4),
    ("LAST(a.amount) / 0", None),
    ("COUNT(b) / 2", 1.5),
    ("LAST(a.amount) IS DISTINCT FROM LAST(b.amount)", True),
    ("LAST(b.kind) IN ('a', 'b')", True),
    ("COUNT(b) BETWEEN 1 AND LAST(b.amount)", False),
    ("CAST('NaN' AS DOUBLE) > COUNT(b)", None),
    ("SUM(CASE b.amount WHEN 4 THEN 1 ELSE 0 END)", 1),
    ("COUNT(NULLIF(b.amount, 4))", 2),
]


@pytest.mark.parametrize(("sql", "value"), FUNCTIONS)
def test_every_function_of_a_row_works_in_measures_and_conditions(sql: str, value: object) -> None:
    found = measured(sql, "abbbc", [9, 4, 3, 2, 1])
    assert found == value
    assert type(found) is type(value)
    wanted = repr(value) if value is not None else "NULL"
    assert holds(f"{sql} IS NOT DISTINCT FROM {wanted}", "abbbc", [9, 4, 3, 2, 1])
    assert not holds(f"{sql} IS DISTINCT FROM {wanted}", "abbbc", [9, 4, 3, 2, 1])


def test_a_function_may_join_the_event_and_the_run() -> None:
    for test in (
        "ROUND(amount + AVG(b.amount)) = 4",
        "CASE WHEN amount > 5 THEN FALSE ELSE COUNT(b) = 3 END",
        "kind || LAST(b.kind) = 'cb'",
        "GREATEST(amount, LAST(b.amount)) = 2",
        "CASE kind WHEN 'c' THEN COUNT(b) ELSE NULL END = 3",
        "UPPER(kind) || UPPER(LAST(a.kind)) LIKE 'C_'",
    ):
        assert holds(test, "abbbc", [9, 4, 3, 2, 1]), test
        assert not holds(f"NOT ({test})", "abbbc", [9, 4, 3, 2, 1]), test


MEANS_NOTHING = [
    ("MAX(b.amount, 3)", "MAX(b.amount, 3): MAX takes one argument"),
    ("min(b.amount, 3)", "min(b.amount, 3): MIN takes one argument"),
    ("COUNT(b, 2)", "COUNT(b, 2): COUNT takes one argument"),
    ("COUNT(b.amount, b.kind)", "COUNT(b.amount, b.kind): COUNT takes one argument"),
    ("SUM(b.amount, 1)", "cannot be read"),
    ("AVG(b.amount, 1)", "cannot be read"),
    ("LAST(b.amount, -1)", "LAST(b.amount, -1): the second argument is how many events before"),
    ("LAST(b.amount, 1.5)", "allowed: 0 to 100"),
    ("LAST(b.amount, '1')", "allowed: 0 to 100"),
    ("LAST(b.amount, b.amount)", "allowed: 0 to 100"),
    ("FIRST(b.amount, NULL)", "allowed: 0 to"),
    ("FIRST(b.amount, 101)", "how many events after the first; allowed: 0 to 100"),
    ("LAST(b.amount, 1, 2)", "cannot be read"),
    ("LAST(b)", "every column in it belongs"),
    ("LAST(1)", "every column in it belongs to one step"),
    ("SUM(b.amount + a.amount)", "one step"),
    ("COUNT(DISTINCT b.kind)", "DISTINCT is not available"),
    ("MAX(DISTINCT b.kind)", "DISTINCT"),
    ("COUNT(b) FILTER (WHERE b.amount > 1)", "COUNT is not available in this form"),
    (
        "STDDEV(b.amount)",
        "STDDEV is not available in this form over what a run took; allowed: COUNT",
    ),
    ("MEDIAN(b.amount)", "MEDIAN is not available"),
    ("percentile(b.amount, 0.5)", "PERCENTILE is not"),
    ("LAST(b.amount) OVER ()", "is not allowed here"),
    ("FIRST_VALUE(b.amount)", "is not available"),
    ("ABS(COUNT(b), 2)", "cannot be read"),
    ("SQRT(COUNT(b), 2)", "cannot be read"),
    ("FLOOR(COUNT(b), 2)", "this form of it is not available"),
    ("LENGTH('a', 2)", "this form of it"),
    ("CEIL(COUNT(b), 2)", "this form of it is not available"),
    ("ROUND(1.5, 1, 1)", "this form of it"),
    ("ROUND(AVG(b.amount), COUNT(b))", "takes a number of decimals"),
    ("UPPER('a', 1)", "cannot be"),
    ("NULLIF(1, 2, 3)", "cannot be read"),
    ("POWER(1, 2, 3)", "cannot be read"),
    ("EXP(1, 2)", "cannot"),
    ("LN(1, 2)", "cannot be read"),
    ("LOWER('a', 1)", "cannot be read"),
    ("CONCAT()", ""),
]


@pytest.mark.parametrize(("sql", "message"), MEANS_NOTHING)
def test_an_argument_that_means_nothing_is_refused_as_it_was_written(
    sql: str, message: str
) -> None:
    scope = RunScope(COLUMNS, step_names(DOWN))
    with pytest.raises(ExpressionError) as caught:
        scope.measure(sql)
    assert message in str(caught.value)
    with pytest.raises(ExpressionError) as caught:
        scope.condition(f"({sql}) = 1")
    assert message in str(caught.value)


def test_the_largest_offset_is_allowed() -> None:
    _, kind = RunScope(COLUMNS, step_names(DOWN)).measure(f"LAST(b.amount, {MAX_OFFSET})")
    assert kind is FieldType.FLOAT


def test_runs_that_an_earlier_version_saved_go_on_with_what_aggregates_mean_now() -> None:
    """It kept 0 for a sum of nothing."""
    define = {"a": "kind = 'a'", "b": "kind = 'b'", "c": "kind = 'c' AND SUM(b.amount) IS NULL"}
    made = parse_rows("p", "a b* c", define, after_match="NO SKIP")
    matcher = matcher_of(made)
    matcher.process(events("a"))
    saved = matcher.snapshot()
    (runs,) = saved["patterns"]["p"]["keys"].values()
    runs["nodes"] = [(*node[:-1], (0,)) for node in runs["nodes"]]
    again = Matcher([made], COLUMNS, carry=CARRY)
    again.restore(saved)
    assert len(again.process(events("c", start=1))) == 1
