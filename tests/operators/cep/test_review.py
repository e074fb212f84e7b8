from collections.abc import Mapping
from types import MappingProxyType

import pytest
from hypothesis import assume, given, settings

from operators.cep.explain import explain
from operators.cep.moments import Fate
from operators.cep.review import Risk, review
from tests.operators.cep.generated import (
    COLUMNS,
    Generated,
    event_lists,
    frame_of,
    patterns,
    sound,
)
from tests.operators.cep.reference import Event
from tests.operators.cep.test_against_reference import slow
from tidegauge.patterns.pattern import Pattern
from tidegauge.patterns.row_pattern import parse_rows

SECOND = 1_000_000_000
DEFINE = {
    "a": "kind = 'a'",
    "b": "kind = 'b'",
    "c": "kind = 'c'",
    "n": "kind = 'n'",
    "no": "amount > 5 AND amount < 2",
    "big": "amount > 5",
    "bigger": "amount > 7",
    "up": "amount > LAST(up.amount)",
    "later": "amount > LAST(c.amount)",
    "open": "COUNT(up2) = 0 OR amount > 1",
    "rise": "COUNT(rise) = 0 OR amount > LAST(rise.amount)",
}


def pattern(
    match: str, within: int | None = 10, define: Mapping[str, str] = MappingProxyType({})
) -> Pattern:
    words = "".join(letter if letter.isalnum() else " " for letter in match).split()
    used = {name: sql for name, sql in (DEFINE | dict(define)).items() if name in words}
    return parse_rows("p", match, used, within_ns=None if within is None else within * SECOND)


def risks(
    match: str, within: int | None = 10, define: Mapping[str, str] = MappingProxyType({})
) -> list[str]:
    return [one.risk.value for one in review(pattern(match, within, define))]


@pytest.mark.parametrize(
    ("match", "step", "told"),
    [
        ("a -> no", "no", "amount > 5 AND amount < 2 cannot hold"),
        ("no", "no", "cannot hold"),
        ("(no | no2) -> a", "no", "cannot hold"),
        ("up{2,}", "up", "while nothing was taken for the steps it names"),
        ("a -> later -> c", "later", "while nothing was taken for the steps it names"),
        ("a !n n2", "n2", "every event that fits is a n"),
        ("a -> !n -> n2 -> b", "n2", "every event that fits is a n"),
        ("a -> !big -> bigger -> b", "bigger", "every event that fits is a big"),
        ("a -> b+[->, until b2] -> c", "b", None),
        ("big+[greedy] -> bigger", "bigger", "left to the greedy step"),
    ],
)
def test_a_pattern_that_never_matches_is_told(match: str, step: str, told: str | None) -> None:
    define = {"no2": DEFINE["no"], "n2": DEFINE["n"], "b2": DEFINE["b"]}
    found = review(pattern(match, define=define))
    assert {one.risk for one in found} == {Risk.NEVER_MATCHES}
    assert found[0].step == step
    assert (told or "closes the loop (until)") in found[0].message


@pytest.mark.parametrize(
    "match",
    [
        "a -> b",
        "big -> bigger",
        "a !n -> n2",
        "a -> !bigger -> big",
        "rise{2,}",
        "a -> c -> later",
        "a -> !n",
        "a -> b+[->, until n] -> c",
        "bigger+[greedy] -> big",
        "big+[greedy, until n] -> bigger",
    ],
)
def test_a_pattern_that_may_match_is_left_alone(match: str) -> None:
    assert risks(match, define={"n2": DEFINE["n"]}) == []


def test_a_branch_that_is_never_taken_is_told_as_such() -> None:
    (found,) = review(pattern("a -> (no | b)"))
    assert (found.risk, found.step) == (Risk.DEAD_STEP, "no")
    (found,) = review(pattern("a -> no? -> b"))
    assert found.message == "step no never takes an event: amount > 5 AND amount < 2 cannot hold"


def test_what_comes_after_any_next_event_never_matches() -> None:
    (found,) = review(pattern("a !x"))
    assert (found.risk, found.step) == (Risk.NEVER_MATCHES, None)


@pytest.mark.parametrize("match", ["a -> b", "a b+[->]", "a -> !n -> b", "a x+ b"])
def test_a_run_without_end_is_told(match: str) -> None:
    assert risks(match, None) == ["never ends"]
    assert risks(match) == []


@pytest.mark.parametrize(
    "match", ["a b c", "a -> b[within 5s]", "a -> (b[within 5s] | c)", "a b+ c", "a !n b"]
)
def test_a_run_that_ends_by_itself_is_left_alone(match: str) -> None:
    assert risks(match, None) == []


@pytest.mark.parametrize(
    "match",
    [
        "a -> b+[->>] -> c",
        "(a ->> b)+[->] -> c",
        "((a b?)+ c?)+ -> n",
        "(big+[->] -> bigger+[->])+[->] -> c",
        "(a | (a2 b?))+[->>] c",
    ],
)
def test_runs_that_can_double_are_told(match: str) -> None:
    assert risks(match, define={"a2": DEFINE["a"]}) == ["blows up"]


@pytest.mark.parametrize(
    "match",
    [
        "a -> b+[->] -> c",
        "a ->> b ->> c",
        "(a -> b)+[->] -> c",
        "(a+ b+)+ -> c",
        "big+[->] -> bigger+[->]",
        "a -> b{2,4}[->>] -> c",
        "(a | b)+ c",
    ],
)
def test_runs_that_grow_slowly_are_left_alone(match: str) -> None:
    assert risks(match) == []


@settings(slow, max_examples=15)
@given(patterns(dynamic=True), event_lists())
def test_nothing_happens_that_was_said_to_be_impossible(
    generated: Generated, events: list[Event]
) -> None:
    assume(sound(generated))
    found = review(generated.pattern)
    dead = {one.step for one in found if one.risk in (Risk.DEAD_STEP, Risk.NEVER_MATCHES)}
    assume(dead)
    explained = explain(generated.pattern, COLUMNS, frame_of(events))
    changes = [
        change
        for story in explained.stories.values()
        for moment in story.moments
        for change in moment.changes
    ]
    assert not dead & {change.step for change in changes if change.step}
    if any(one.risk is Risk.NEVER_MATCHES for one in found):
        assert all(change.fate is not Fate.MATCHES for change in changes)
