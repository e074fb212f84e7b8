"""What explain tells is what the matcher does, run by run."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from operators.cep.buffer import paths
from operators.cep.explain import Explained, TracedMatcher, explain
from operators.cep.limits import Limits
from operators.cep.matcher import Matcher
from operators.cep.moments import Fate
from operators.cep.reasons import Cause
from operators.cep.results import Kind
from operators.cep.trace import MOST_RUNS, TracedRuns
from tests.operators.cep.generated import (
    CARRY,
    COLUMNS,
    Generated,
    event_lists,
    frame_of,
    patterns,
    sound,
    told,
)
from tests.operators.cep.reference import Event
from tests.operators.cep.test_against_reference import END, slow
from tests.operators.cep.timelines import COLUMNS as LINE_COLUMNS
from tests.operators.cep.timelines import events as line_events
from tests.operators.cep.timelines import pattern
from tidegauge.patterns.condition import EventTest
from tidegauge.patterns.pattern import Pattern, Step
from tidegauge.patterns.row_pattern import parse_rows

either = st.booleans().flatmap(lambda dynamic: patterns(dynamic=dynamic))


@slow
@given(either, event_lists())
def test_it_tells_the_matches_of_the_matcher(generated: Generated, events: list[Event]) -> None:
    assume(sound(generated))
    frame = frame_of(events)
    told_of = explain(generated.pattern, COLUMNS, frame, by=["key"])
    matcher = Matcher([generated.pattern], COLUMNS, by=["key"], carry=CARRY)
    plain = [*matcher.process(frame), *matcher.advance(END)]
    wanted = Counter((match.key, _taken(match.path)) for match in plain)
    results = (one for one in told_of.results if one.kind is Kind.MATCH)
    assert Counter((match.key, _taken(match.path)) for match in results) == wanted
    assert Counter(_matches(told_of)) == wanted


@slow
@given(either, event_lists())
def test_it_watches_the_runs_that_live(generated: Generated, events: list[Event]) -> None:
    """After every event, and nothing is changed by being watched."""
    assume(sound(generated))
    traced = TracedMatcher(generated.pattern, COLUMNS, carry=CARRY)
    plain = Matcher([generated.pattern], COLUMNS, carry=CARRY, timeouts=True)
    for event in events:
        frame = frame_of([event])
        assert told(traced.process(frame)) == told(plain.process(frame))
        for of_key in traced.live.values():
            for runs in of_key.values():
                assert isinstance(runs, TracedRuns)
                alive = Counter(
                    tuple((node.seq, node.position) for node in path)
                    for node in runs.alive()
                    for path in paths(node, runs.floor)
                )
                assert Counter(run.taken for run in runs.watched) == alive
    assert told(traced.advance(END)) == told(plain.advance(END))


def _taken(path: Any) -> tuple[tuple[str, int], ...]:
    return tuple((node.position.step, node.seq) for node in path)


def _matches(explained: Explained) -> list[tuple[Any, ...]]:
    return [
        (key, change.taken)
        for key, story in explained.stories.items()
        for moment in story.moments
        for change in moment.changes
        if change.fate is Fate.MATCHES
    ]


def ends(made: Pattern, line: str, limits: Limits | None = None) -> list[str]:
    """How the runs end: first event, number, cause."""
    explained = explain(made, LINE_COLUMNS, line_events(line), limits=limits)
    return [
        f"{change.run.first}.{change.run.number} {change.cause or change.obstacles[0].cause}"
        for story in explained.stories.values()
        for moment in story.moments
        for change in moment.changes
        if change.fate in (Fate.ENDS, Fate.VOID)
    ]


@pytest.mark.parametrize(
    ("match", "line", "within", "after", "expected"),
    [
        ("a b", "ac", None, "NO SKIP", ["0.1 contiguity"]),
        ("a -> !n -> b", "acn", None, "NO SKIP", ["0.1 negation"]),
        ("a !n b", "an", None, "NO SKIP", ["0.1 negation"]),
        ("a -> b", "ac", 3, "NO SKIP", ["0.1 window"]),
        ("a -> b[within 2s]", "acc", None, "NO SKIP", ["0.1 step window"]),
        ("a -> b -> c", "aabc", None, "SKIP PAST LAST ROW", ["1.1 skip"]),
        ("a b+[until u] c", "abu", None, "NO SKIP", ["0.1 until"]),
    ],
)
def test_it_says_why_a_run_ends(
    match: str, line: str, within: int | None, after: str, expected: list[str]
) -> None:
    made = pattern(match, within, after)
    assert ends(made, line)[: len(expected)] == expected


def test_it_says_that_a_limit_ended_a_run() -> None:
    assert ends(pattern("a -> b"), "aaa", Limits(runs=2)) == ["0.1 limit"]


def test_it_names_the_part_of_a_condition_that_fails_and_its_values() -> None:
    made = parse_rows(
        "p", "a -> b", {"a": "kind = 'a'", "b": "kind = 'b' AND amount > 2 * SUM(a.amount)"}
    )
    explained = explain(made, LINE_COLUMNS, line_events("axb", [2.0, 9.0, 3.0]))
    found = [
        (failing.part, dict(failing.values))
        for story in explained.stories.values()
        for moment in story.moments
        for change in moment.changes
        for obstacle in change.obstacles
        if moment.event is not None
        if (failing := explained.failing(change, obstacle, moment.event))
    ]
    assert found == [
        ("kind = 'b'", {"kind": "x"}),
        ("amount > 2 * SUM(a.amount)", {"amount": 3.0, "SUM(a.amount)": 2.0}),
    ]


def test_conditions_in_python_are_explained_without_values() -> None:
    steps = (
        Step("a", EventTest(lambda event: event["kind"] == "a")),
        Step("b", EventTest(lambda event: event["kind"] == "b")),
    )
    explained = explain(Pattern("p", steps), LINE_COLUMNS, line_events("ac"))
    (story,) = explained.stories.values()
    change = story.moments[1].changes[0]
    assert change.obstacles[0].cause is Cause.CONDITION
    failing = explained.failing(change, change.obstacles[0], 1)
    assert failing is not None
    assert not failing.values


def test_more_runs_than_can_be_told_are_counted_only() -> None:
    explained = explain(pattern("a -> b+[->>] -> c"), LINE_COLUMNS, line_events("a" + "b" * 12))
    (story,) = explained.stories.values()
    assert len(story.unfinished) <= MOST_RUNS
    assert any(moment.unwatched for moment in story.moments)
