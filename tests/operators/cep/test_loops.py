"""Loops over many events of one key: runs that differ only in where they began cost one."""

import pickle
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from operators.cep.limits import Limits
from operators.cep.matcher import Matcher
from operators.cep.results import Kind, Result
from tests.fuzz import times
from tests.operators.cep.generated import CARRY as GENERATED_CARRY
from tests.operators.cep.generated import COLUMNS as GENERATED
from tests.operators.cep.generated import event_lists, frame_of
from tests.operators.cep.reference import Event
from tests.operators.cep.test_against_reference import END, slow
from tests.operators.cep.timelines import (
    SECOND,
    drawn,
    events,
    matcher_of,
    pattern,
)
from tidegauge.batch import TIME
from tidegauge.patterns.pattern import Pattern
from tidegauge.patterns.row_pattern import parse_rows

MANY = 5_000
CARD_TESTING = {
    "small": "kind = 'a' AND amount < 2",
    "large": "kind = 'z' AND amount > 100 * AVG(small.amount)",
}


def card_testing(after: str = "SKIP PAST LAST ROW") -> Pattern:
    within_ns = 2 * MANY * SECOND
    return parse_rows(
        "p", "small{3,}[->] -> large", CARD_TESTING, within_ns=within_ns, after_match=after
    )


def a_loop(count: int, *large: float) -> pl.DataFrame:
    return events("a" * count + "z" * len(large), [1.0] * count + list(large))


def in_batches(matcher: Matcher, frame: pl.DataFrame) -> list[Result]:
    return [result for part in frame.iter_slices(500) for result in matcher.process(part)]


def test_a_loop_over_thousands_of_events_gives_its_match_and_nothing_is_given_up() -> None:
    matcher = matcher_of(pattern("a+[->] -> z", after="SKIP PAST LAST ROW"))
    (match,) = in_batches(matcher, a_loop(MANY, 1.0))
    assert match.kind is Kind.MATCH
    assert [node.seq for node in match.path] == list(range(MANY + 1))
    assert matcher.idle


def test_a_condition_over_the_loop_is_asked_of_the_run_that_comes_first() -> None:
    matcher = matcher_of(card_testing())
    (match,) = in_batches(matcher, a_loop(MANY, 90.0, 800.0))
    assert match.kind is Kind.MATCH
    assert len(match.path) == MANY + 1
    assert match.path[-1].seq == MANY + 1
    assert matcher.idle


def test_what_a_loop_holds_grows_with_its_events_only() -> None:
    matcher = matcher_of(card_testing())
    in_batches(matcher, a_loop(2_000))
    assert matcher.held().nodes == 3 * 2_000 - 3
    assert matcher.counts["p"].dropped == 0


def test_runs_of_a_loop_end_with_their_windows_one_by_one() -> None:
    matcher = matcher_of(pattern("a+[->] -> z", within=100, after="SKIP PAST LAST ROW"))
    (match,) = in_batches(matcher, a_loop(3_000, 1.0))
    assert [node.seq for node in match.path] == list(range(2_901, 3_001))


@pytest.mark.parametrize("after", ["SKIP TO NEXT ROW", "SKIP TO LAST a"])
def test_matches_that_a_match_removes_are_never_made(after: str) -> None:
    matcher = matcher_of(pattern("a+[->] -> z", after=after))
    results = in_batches(matcher, a_loop(400, 1.0))
    firsts = [result.path[0].seq for result in results]
    assert firsts == (list(range(400)) if after == "SKIP TO NEXT ROW" else [0, 399])


def test_where_the_matches_of_an_event_are_too_many_the_oldest_are_given_up_and_told() -> None:
    matcher = matcher_of(pattern("a+[->] -> z", after="NO SKIP"), limits=Limits(runs=1_000))
    results = in_batches(matcher, a_loop(100, 1.0))
    (dropped,) = [result for result in results if result.kind is Kind.DROPPED]
    matches = [result for result in results if result.kind is Kind.MATCH]
    begun = 100 - matches[0].path[0].seq
    assert len(matches) == begun * (begun + 1) // 2 <= 1_000
    assert dropped.reason == "matches of one event"
    assert dropped.time_ns == 0
    assert dropped.runs >= 100 * 101 // 2 - len(matches)


def test_runs_that_may_time_out_are_bounded_when_their_time_is_over() -> None:
    matcher = matcher_of(
        pattern("a+[->] -> z", within=100), limits=Limits(runs=1_000), timeouts=True
    )
    assert in_batches(matcher, a_loop(100)) == []
    (dropped,) = matcher.advance(100 * SECOND)
    assert dropped.kind is Kind.DROPPED
    assert dropped.reason == "partial matches when time runs out"
    kept = 875
    assert 100 * 101 // 2 - kept <= dropped.runs < 100 * 101 // 2
    told = matcher.advance(300 * SECOND)
    assert {result.kind for result in told} == {Kind.TIMEOUT}
    assert len(told) == 100 * 101 // 2 - dropped.runs <= kept
    assert matcher.counts["p"].dropped == dropped.runs
    assert matcher.idle


def test_runs_that_differ_in_more_than_their_beginning_count_each() -> None:
    matcher = matcher_of(pattern("b+[->>] -> c"), limits=Limits(runs=1_000))
    results = matcher.process(events("b" * 40))
    assert {result.kind for result in results} == {Kind.DROPPED}
    assert matcher.held().runs <= 1_000


def test_runs_that_began_apart_and_share_a_loop_count_once() -> None:
    matcher = matcher_of(pattern("a -> b+[->] -> c"), limits=Limits(runs=600))
    assert matcher.process(events("ab" * 250)) == []
    assert len(matcher.process(events("c", start=500))) > 1


def test_matches_that_wait_to_be_asked_are_bounded() -> None:
    matcher = matcher_of(waiting(), limits=Limits(nodes=200, work=0))
    frame = events("xx" + "zx" * 400, [9.0, 5.0] + [4.0, 5.0] * 400)
    results = in_batches(matcher, frame.with_columns(pl.lit(0, pl.Int64).alias(TIME)))
    assert {result.reason for result in results} >= {"matches that wait"}
    (of_key,) = matcher.live.values()
    assert len(of_key[0].after.waiting) <= 200


@pytest.mark.parametrize("nodes", [20, 35, 60])
def test_limits_are_kept_whatever_waits(nodes: int) -> None:
    matcher = matcher_of(waiting(), limits=Limits(nodes=nodes))
    line = "xxxxxxxxxxzzzzzzzzzzxxxxxxxxxxzzzxzxzxz" * 4
    amounts = [50.0 if letter == "x" else 40.0 for letter in line]
    matcher.process(events(line, amounts).with_columns(pl.lit(0, pl.Int64).alias(TIME)))
    assert matcher.held().nodes <= nodes


LAST = {
    "x+[->] -> z": "price > SUM(x.price)",
    "x -> y+[->] -> z": "price >= LAST(y.price)",
    "x{2,}[->] -> (z | x2 -> w)": "price > AVG(x.price)",
    "x+ z": "price > COUNT(x)",
    "x -> !n -> z": "price > SUM(x.price)",
    "x+[->] -> z?": "price > SUM(x.price)",
    "x+[->>] ->> z": "price = SUM(x.price)",
}
WHERE = {"x": "name = 'a'", "y": "name = 'b'", "n": "name = 'c'", "x2": "name = 'b'"}


def declared(match: str, after: str) -> Pattern:
    define = {name: text for name, text in WHERE.items() if name in match.replace("!", " ")}
    define["z"] = f"name IN ('b', 'c') AND {LAST[match]}"
    if "w" in match:
        define["w"] = "name = 'c' AND price > FIRST(x.price)"
    names = set("".join(sign if sign.isalnum() else " " for sign in match).split())
    define = {name: text for name, text in define.items() if name in names}
    return parse_rows("p", match, define, within_ns=8, after_match=after)


def matches_of(made: Pattern, rows: list[Event], *, apart: bool, resume: bool) -> list[Any]:
    """Matches; with `apart` of a matcher that tells of every run."""

    def new() -> Matcher:
        return Matcher([made], GENERATED, carry=GENERATED_CARRY, timeouts=apart)

    matcher, results = new(), []
    for part in frame_of(rows).iter_slices(1):
        results += matcher.process(part)
        if resume:
            saved = pickle.dumps(matcher.snapshot())
            matcher = new()
            assert matcher.restore(pickle.loads(saved)) == []  # noqa: S301 - our own
    results += matcher.advance(END)
    return [
        [(node.position.step, node.seq) for node in result.path]
        for result in results
        if result.kind is Kind.MATCH
    ]


@settings(slow, max_examples=times(150))
@given(
    st.sampled_from(sorted(LAST)),
    st.sampled_from(["SKIP PAST LAST ROW", "SKIP TO NEXT ROW"]),
    event_lists(most=12),
)
def test_a_last_condition_gives_the_matches_that_it_gives_when_every_run_is_asked(
    match: str, after: str, rows: list[Event]
) -> None:
    made = declared(match, after)
    expected = matches_of(made, rows, apart=True, resume=False)
    assert matches_of(made, rows, apart=False, resume=False) == expected
    assert matches_of(made, rows, apart=False, resume=True) == expected


def waiting() -> Pattern:
    define = {"x": "kind = 'x'", "z": "kind = 'z' AND amount > SUM(x.amount)"}
    return parse_rows("p", "x+[->] -> z", define, within_ns=20 * SECOND)


SAVED_BY_VERSION_1: dict[str, Any] = {
    "rows": [(1, "x", 1.0, 1.0), (0, "x", 5.0, 5.0), (2, "z", 3.0, 3.0)],
    "positions": [((0, 0, 1),), ((0, 1, 1),)],
    "nodes": [
        (1, SECOND, 0, 0, [], True, 1, 1, 1, (1.0,)),
        (0, 0, 1, 0, [], True, 0, 0, 1, (5.0,)),
        (1, SECOND, 0, 0, [1], False, 0, 0, 1, (6.0,)),
        (2, 2 * SECOND, 2, 1, [], False, 1, 1, 1, (1.0,)),
    ],
    "states": [
        (((0, 0, 1),), 2, False, 0),
        (((0, 0, 1),), 3, False, 0),
        (((0, 0, 1),), 1, False, 0),
    ],
    "ends": [[1], [2], [0]],
    "waiting": [[0, 3]],
    "floor": -1,
    "starts": [(0, 0), (1, SECOND)],
    "counts": (4, 4, 64),
}
"""After `x` of 5 and of 1 and a `z` of 3: the match of the second waits for the first run."""


@pytest.mark.parametrize("timeouts", [False, True])
def test_runs_and_waiting_matches_of_the_version_before_go_on(timeouts: bool) -> None:  # noqa: FBT001 - a table
    matcher = matcher_of(waiting(), timeouts=timeouts)
    today = matcher.snapshot()
    saved = {**today["patterns"]["p"], "keys": {(): SAVED_BY_VERSION_1}}
    old = {**today, "version": 1, "read": 3, "patterns": {"p": saved}}
    assert matcher.restore(pickle.loads(pickle.dumps(old))) == []  # noqa: S301 - our own
    assert drawn(matcher.advance(20 * SECOND)) == ["x1 z2"]
    again = matcher_of(waiting(), timeouts=timeouts)
    again.restore(old)
    assert drawn(again.process(events("z", [9.0], start=3))) == ["x0 x1 z3"]


@pytest.mark.parametrize("first", [False, True])
def test_a_restart_with_or_without_timeouts_keeps_the_runs(first: bool) -> None:  # noqa: FBT001 - a table
    before = matcher_of(waiting(), timeouts=first)
    before.process(events("xxz", [5.0, 1.0, 3.0]))
    for at, found in ((3, ["x0 x1 z3"]), (20, ["x1 z2"])):
        after = matcher_of(waiting(), timeouts=not first)
        assert after.restore(pickle.loads(pickle.dumps(before.snapshot()))) == []  # noqa: S301 - our own
        results = after.advance(at * SECOND)
        assert drawn(results + after.process(events("z", [7.0], start=at))) == found
