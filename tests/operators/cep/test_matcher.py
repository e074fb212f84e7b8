"""Batches of many keys and patterns, time, order and restarts."""

import pickle

import polars as pl
import pytest

from operators.cep.builder import pattern_of
from operators.cep.matcher import Matcher
from operators.cep.ordering import EventTimeOrder
from operators.cep.results import Kind
from operators.cep.runs import Runs
from tests.operators.cep.timelines import (
    CARRY,
    COLUMNS,
    SECOND,
    drawn,
    events,
    matcher_of,
    matches,
    pattern,
)
from tidegauge.batch import TIME
from tidegauge.errors import UserMistake
from tidegauge.fieldtypes import FieldType
from tidegauge.patterns.condition import Event, EventTest
from tidegauge.patterns.pattern import Pattern
from tidegauge.patterns.row_pattern import parse_rows


def named(name: str, match: str) -> Pattern:
    define = {letter: f"kind = '{letter}'" for letter in match if letter.isalpha()}
    return parse_rows(name, match, define, after_match="NO SKIP")


def test_keys_of_several_columns() -> None:
    frame = events("aabb").with_columns(
        region=pl.Series(["x", "x", "x", None]), shop=pl.Series([1, 2, 2, 1])
    )
    columns = {**COLUMNS, "region": FieldType.STRING, "shop": FieldType.INT}
    matcher = Matcher([pattern("a -> b")], columns, by=["region", "shop"], carry=CARRY)
    results = matcher.process(frame)
    assert [result.key for result in results] == [("x", 2)]
    assert drawn(results) == ["a1 b2"]


def test_several_patterns_share_a_stream() -> None:
    matcher = Matcher([named("ab", "a -> b"), named("ac", "a -> c")], COLUMNS, carry=CARRY)
    results = matcher.process(events("acb"))
    assert [(result.pattern, result.event) for result in results] == [("ac", 1), ("ab", 2)]


def test_events_that_can_move_nothing_are_never_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[int] = []
    take = Runs.take

    def counting(self: Runs, seq: int, *rest: object) -> object:
        taken.append(seq)
        return take(self, seq, *rest)  # type: ignore[arg-type]  # handed on as they came

    monkeypatch.setattr(Runs, "take", counting)
    matcher = matcher_of(pattern("a -> b -> c", within=20))
    matcher.process(events("bc..a..cc...b...a...c.bc" + "." * 30))
    assert taken == [4, 12, 16, 20, 22, 23]


def test_runs_that_time_out_are_told_when_asked_for() -> None:
    made = pattern("a -> b", within=3)
    loud, silent = matcher_of(made, timeouts=True), matcher_of(made)
    results = loud.process(events("a....a.b"))
    assert drawn(results, Kind.TIMEOUT) == ["a0"]
    assert [(result.time_ns, result.event) for result in results] == [
        (3 * SECOND, None),
        (7 * SECOND, 7),
    ]
    assert drawn(silent.process(events("a....a.b"))) == ["a5 b7"]


def test_time_ends_runs_of_keys_that_are_silent() -> None:
    matcher = matcher_of(pattern("a -> b", within=3), timeouts=True)
    matcher.process(events("a"))
    assert matcher.advance(2 * SECOND) == []
    assert drawn(matcher.advance(3 * SECOND), Kind.TIMEOUT) == ["a0"]
    assert matcher.idle


@pytest.mark.parametrize("timeouts", [False, True])
def test_in_order_of_arrival_the_time_of_a_key_never_goes_back(timeouts: bool) -> None:  # noqa: FBT001 - a table
    def found(line: str, times: list[int]) -> list[str]:
        frame = events(line).with_columns(pl.Series(TIME, times, dtype=pl.Int64) * SECOND)
        made = pattern("a -> b", within=3)
        matcher = matcher_of(made, in_order=False, timeouts=timeouts)
        return drawn([result for part in frame.iter_slices(1) for result in matcher.process(part)])

    assert found("ab", [5, 2]) == ["a0 b1"]
    assert found("a.b", [5, 9, 2]) == []
    assert found("aab", [5, 2, 7]) == ["a0 b2", "a1 b2"]


def test_patterns_that_did_not_change_keep_their_runs() -> None:
    before = Matcher([named("ab", "a -> b"), named("ac", "a -> c")], COLUMNS, carry=CARRY)
    before.process(events("a"))
    after = Matcher(
        [named("new", "b -> d"), named("ac", "a -> d"), named("ab", "a -> b")],
        {**COLUMNS, "more": FieldType.INT},
        carry=["more", *CARRY],
    )
    assert after.restore(pickle.loads(pickle.dumps(before.snapshot()))) == ["ac"]  # noqa: S301 - our own
    frame = events("bcd", start=1).with_columns(more=pl.lit(1))
    (first, second) = after.process(frame)
    assert first.pattern == "ab"
    assert [row[:2] for row in first.rows()["a"]] == [(None, 0)]
    assert second.pattern == "new"


def is_a(event: Event) -> bool:
    return bool(event["kind"] == "a")


def test_a_condition_in_python_is_the_same_by_its_name() -> None:
    made = pattern_of("p").begin("a", EventTest(is_a)).next("b", "kind = 'b'").build()
    matcher, again = matcher_of(made), matcher_of(made)
    matcher.process(events("a"))
    assert again.restore(matcher.snapshot()) == []
    assert drawn(again.process(events("b", start=1))) == ["a0 b1"]


@pytest.mark.parametrize(
    ("match", "line", "found"),
    [
        ("a -> !c -> bc", "a.c", ["a0 c2"]),
        ("a -> !c -> bc -> d", "a.cd", []),
        ("a -> !c -> bc+", "a.ccb", ["a0 c2"]),
        ("a -> !c -> bc+", "a.bcb", ["a0 b2", "a0 b2 c3", "a0 b2 c3 b4"]),
        ("a -> !c -> b? -> cd", "acd", ["a0 c1"]),
        ("a !c bc", "ac", []),
    ],
)
def test_what_must_not_come_ends_a_run_but_not_the_match_that_it_completes(
    match: str, line: str, found: list[str]
) -> None:
    assert matches(pattern(match), line) == found


def test_a_snapshot_of_another_version_is_refused() -> None:
    matcher = matcher_of(pattern("a b"))
    with pytest.raises(UserMistake, match="saved state: patterns have version 0"):
        matcher.restore({**matcher.snapshot(), "version": 0})


def test_events_are_given_out_in_their_order_and_late_ones_apart() -> None:
    order = EventTimeOrder(["amount"])
    frame = events("abcd").with_columns(
        pl.Series(TIME, [7, 3, 3, 9], dtype=pl.Int64), amount=pl.Series([1.0, 5.0, 2.0, 0.0])
    )
    assert order.add(frame).late.height == 0
    ready = order.advance(7)
    assert ready is not None
    assert ready["kind"].to_list() == ["c", "b", "a"]
    assert order.advance(7) is None
    arrived = order.add(events("xy").with_columns(pl.Series(TIME, [7, 8], dtype=pl.Int64)))
    assert arrived.late["kind"].to_list() == ["x"]
    again = EventTimeOrder(["amount"])
    again.restore(pickle.loads(pickle.dumps(order.snapshot())))  # noqa: S301 - our own
    ready = again.advance(100)
    assert ready is not None
    assert ready["kind"].to_list() == ["y", "d"]


def test_events_without_room_to_wait_are_refused() -> None:
    order = EventTimeOrder(limit=3)
    assert order.add(events("ab")).refused.height == 0
    assert order.add(events("cde", start=2)).refused["kind"].to_list() == ["d", "e"]
    assert len(order) == 3
