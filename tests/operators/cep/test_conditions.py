"""Conditions over the event and over what the run took before."""

import polars as pl
import pytest

from operators.cep.builder import pattern_of
from operators.cep.matcher import Matcher
from operators.cep.measures import Measures
from tests.operators.cep.timelines import (
    CARRY,
    COLUMNS,
    drawn,
    events,
    matcher_of,
    matches,
    pattern,
)
from tidegauge.patterns.checks import PatternError
from tidegauge.patterns.condition import Event, EventTest, RunTest, Taken
from tidegauge.patterns.pattern import Pattern
from tidegauge.patterns.row_pattern import parse_rows


def two(condition: str) -> Pattern:
    """One or more a, then a b for which the condition holds."""
    define = {"a": "kind = 'a'", "b": f"kind = 'b' AND {condition}"}
    return parse_rows("p", "a+ b", define, after_match="NO SKIP")


@pytest.mark.parametrize(
    ("condition", "held"),
    [
        ("amount > LAST(a.amount)", True),
        ("amount = FIRST(a.amount) * 3", True),
        ("SUM(a.amount) = 3", True),
        ("amount < SUM(a.amount)", False),
        ("AVG(a.amount) BETWEEN 1.4 AND 1.6", True),
        ("COUNT(a) = 2 AND COUNT(a.amount) = 2 AND COUNT(a.*) = 2", True),
        ("MIN(a.amount) = 1 AND MAX(a.amount) = 2", True),
        ("SUM(a.amount * 2) = 6", True),
        ("LAST(b.amount) IS NULL", True),
        ("COUNT(b) = 0 AND SUM(b.amount) IS NULL", True),
        ("AVG(b.amount) > 0", False),
        ("NOT AVG(b.amount) > 0", False),
        ("COALESCE(LAST(b.amount), 3) = amount", True),
        ("(LAST(a.amount) = 9 OR LAST(a.kind) = 'a')", True),
        ("LAST(a.amount) IN (1, 2)", True),
        ("ABS(-LAST(a.amount)) = 2", True),
        ("amount % LAST(a.amount) = 1 AND -amount % LAST(a.amount) = -1", True),
        ("LAST(a.amount) / 0 IS NULL", True),
        ("amount - LAST(a.amount) = 1", True),
    ],
)
def test_aggregates_of_what_was_taken(condition: str, held: bool) -> None:  # noqa: FBT001 - a table
    found = matches(two(condition), "aab", [1, 2, 3])
    assert ("a0 a1 b2" in found) is held


def test_the_tested_event_is_not_among_those_taken() -> None:
    define = {"a": "kind = 'a' AND COALESCE(amount > LAST(a.amount), TRUE)"}
    made = parse_rows("p", "a{3}", define)
    assert matches(made, "aaaaa", [1, 1, 2, 3, 3]) == ["a1 a2 a3"]


def test_python_sees_the_event_and_the_run() -> None:
    def rises(event: Event, run: Taken) -> bool:
        taken = run.events("a")
        return not taken or event["amount"] > taken[-1]["amount"]

    made = pattern_of("p").begin("a", RunTest(rises)).times(3).consecutive().build()
    assert matches(made, "aaaa", [1, 2, 3, 1]) == ["a0 a1 a2"]


def test_a_condition_in_python_sees_only_events_that_it_needs() -> None:
    seen: list[str] = []

    def second(event: Event, run: Taken) -> bool:
        seen.append(event["kind"])
        return len(run.events("a")) == 1

    def is_b(event: Event) -> bool:
        return bool(event["kind"] == "b")

    made = pattern_of("p").begin("a", "kind = 'a'").followed_by("b", RunTest(second, is_b)).build()
    assert matches(made, "..a...b.") == ["a2 b6"]
    assert seen == ["b"]


def _less(event: Event, run: Taken) -> bool:
    return bool(event["amount"] < run.events("a")[-1]["amount"])


@pytest.mark.parametrize("less", ["amount < LAST(a.amount)", RunTest(_less)])
@pytest.mark.parametrize(("amounts", "found"), [([2, 2, 2, 2], ["a0 b3"]), ([2, 2, 1, 2], [])])
def test_what_must_not_come_may_ask_for_the_run_alone(
    less: str | RunTest, amounts: list[float], found: list[str]
) -> None:
    """Also of events that no other condition looks at."""
    begun = pattern_of("p").begin("a", "kind = 'a'")
    made = begun.not_followed_by("n", less).followed_by("b", "kind = 'b'").build()
    assert matches(made, "a..b", amounts) == found


def test_one_condition_is_evaluated_once_for_all_patterns() -> None:
    makes = [
        parse_rows(f"p{number}", "a -> b", {"a": sql, "b": f"amount > {number}"})
        for number, sql in enumerate(["kind = 'a'", "KIND='a'", " \"kind\"  = 'a'", "kind = 'a'"])
    ]
    assert Matcher(makes[::3], COLUMNS).layout.predicates == 3
    assert Matcher([makes[0], makes[2]], COLUMNS).layout.predicates == 3


def test_a_test_in_python_is_called_once_for_each_event() -> None:
    calls: list[str] = []

    def is_a(event: Event) -> bool:
        calls.append(event["kind"])
        return bool(event["kind"] == "a")

    makes = [pattern_of(f"p{n}").begin("x", EventTest(is_a)).build() for n in range(3)]
    found = Matcher(makes, COLUMNS, carry=CARRY).process(events("ab"))
    assert len(found) == 3
    assert calls == ["a", "b"]


def test_measures_tell_of_a_match() -> None:
    made = pattern("a+ b")
    matcher = matcher_of(made)
    measures = Measures(
        made,
        {"n": "COUNT(a)", "jump": "b.amount - AVG(a.amount)", "first": "FIRST(a.kind)"},
        COLUMNS,
        matcher.layout,
    )
    results = matcher.process(events("aab", [1, 2, 3]))
    assert drawn(results) == ["a0 a1 b2", "a1 b2"]
    assert measures.of(results[0].path) == {"n": 2, "jump": 1.5, "first": "a"}


def test_a_condition_in_python_needs_columns_to_see() -> None:
    made = pattern_of("p").begin("a", EventTest(bool)).build()
    with pytest.raises(PatternError, match="sees the columns that are carried"):
        Matcher([made], COLUMNS)


def test_what_is_null_does_not_hold() -> None:
    frame = events("ab").with_columns(kind=pl.Series(["a", None]))
    made = parse_rows("p", "a b", {"a": "kind = 'a'", "b": "kind <> 'a'"})
    assert matcher_of(made).process(frame) == []
