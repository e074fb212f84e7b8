"""What the runs of a key may cost is bounded, told, and the same in any batches and after stops."""

import pickle
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from operators.cep.limits import Limits
from operators.cep.matcher import Matcher
from operators.cep.results import Kind, Result
from operators.cep.walk import Stop
from operators.cep.work import EXHAUSTED
from tests.fuzz import times
from tests.operators.cep.generated import (
    CARRY,
    COLUMNS,
    Generated,
    event_lists,
    frame_of,
    patterns,
    sound,
)
from tests.operators.cep.reference import Event
from tests.operators.cep.test_against_reference import END, slow
from tests.operators.cep.test_in_turn import SHAPES, TEXTS
from tests.operators.cep.test_in_turn import generated as shaped
from tests.operators.cep.timelines import SECOND, events, matcher_of
from tidegauge.patterns.pattern import Pattern
from tidegauge.patterns.row_pattern import parse_rows

SKIPS = ["SKIP PAST LAST ROW", "SKIP TO NEXT ROW", "SKIP TO LAST x", "SKIP TO FIRST x", "NO SKIP"]
Told = list[tuple[Any, ...]]
either = st.booleans().flatmap(lambda dynamic: patterns(dynamic=dynamic))
shapes = st.builds(
    shaped,
    st.sampled_from(SHAPES),
    st.sampled_from(sorted(TEXTS)),
    st.sampled_from(sorted(TEXTS)),
    st.sampled_from(SKIPS),
    st.sampled_from([None, 8, 20]),
)


def told(results: Sequence[Result]) -> Told:
    """All that is told, also of what was given up."""
    return [
        (
            str(one.kind),
            one.key,
            tuple((node.position.step, node.seq) for node in one.path),
            one.time_ns if one.kind is not Kind.MATCH else None,
            one.runs,
            one.reason,
        )
        for one in sorted(results, key=lambda one: str(one.key))
    ]


def found(
    made: Generated,
    rows: list[Event],
    work: int,
    cuts: Sequence[int] = (),
    *,
    timeouts: bool,
    resume: bool = False,
) -> Told:
    """Results in batches that end at `cuts`; with `resume` each is read after a restart."""

    def new() -> Matcher:
        limits = Limits(work=work)
        return Matcher(
            [made.pattern], COLUMNS, by=["key"], carry=CARRY, timeouts=timeouts, limits=limits
        )

    matcher, results, start = new(), list[Result](), 0
    frame = frame_of(rows)
    for cut in [*cuts, len(rows)]:
        results += matcher.process(frame[start:cut])
        start = cut
        if resume:
            saved = pickle.dumps(matcher.snapshot())
            matcher = new()
            assert matcher.restore(pickle.loads(saved)) == []  # noqa: S301 - our own
    return told([*results, *matcher.advance(END)])


@pytest.mark.parametrize("which", [either, shapes])
@settings(slow, max_examples=times(100))
@given(st.data(), st.sampled_from([1, 2, 5]), st.booleans())
def test_what_is_given_up_depends_neither_on_batches_nor_on_stops(
    which: st.SearchStrategy[Generated],
    data: st.DataObject,
    work: int,
    timeouts: bool,  # noqa: FBT001 - drawn
) -> None:
    made = data.draw(which)
    assume(sound(made))
    rows = data.draw(event_lists(most=24))
    whole = found(made, rows, work, timeouts=timeouts)
    cuts = sorted(data.draw(st.sets(st.integers(1, len(rows)), max_size=5)))
    assert found(made, rows, work, cuts, timeouts=timeouts) == whole
    each = range(1, len(rows))
    assert found(made, rows, work, each, timeouts=timeouts, resume=True) == whole
    assert found(made, rows, work, cuts, timeouts=timeouts, resume=True) == whole


def stopping(
    made: Generated, rows: list[Event], cuts: Sequence[int], *, each: int, resume: bool
) -> Told:
    """Results where the matcher stops after so many events; with `resume` another goes on."""

    def new() -> Matcher:
        return Matcher([made.pattern], COLUMNS, by=["key"], carry=CARRY, timeouts=True)

    matcher, results, start = new(), list[Result](), 0
    frame = frame_of(rows)

    def work(act: Callable[[Stop], list[Result]]) -> None:
        nonlocal matcher
        steps = count(1)
        results.extend(act(lambda: next(steps) % each == 0))
        if resume:
            saved = pickle.dumps(matcher.snapshot())
            matcher = new()
            behind = saved_reading(saved)
            assert matcher.restore(pickle.loads(saved)) == []  # noqa: S301 - our own
            assert matcher.behind == behind

    for cut in [*cuts, len(rows)]:
        if cut > start:
            matcher.begin(frame[start:cut])
            start = cut
        while matcher.behind:
            work(matcher.go_on)
    results += matcher.advance(END, lambda: True)
    while matcher.behind:
        results += matcher.advance(END, lambda: True)
    return told(results)


def saved_reading(saved: bytes) -> bool:
    return pickle.loads(saved)["reading"] is not None  # noqa: S301 - our own


@settings(slow, max_examples=times(100))
@given(either, event_lists(most=14), st.data(), st.integers(1, 4), st.booleans())
def test_where_it_stops_within_a_batch_changes_nothing(
    made: Generated,
    rows: list[Event],
    data: st.DataObject,
    each: int,
    resume: bool,  # noqa: FBT001 - drawn
) -> None:
    assume(sound(made))
    cuts = sorted(data.draw(st.sets(st.integers(1, len(rows)), max_size=3)))
    whole = found(made, rows, 0, cuts, timeouts=True)
    assert sorted(stopping(made, rows, cuts, each=each, resume=resume)) == sorted(whole)


SKIP = "SKIP PAST LAST ROW"
FAILING = "kind = 'z' AND amount > 100 * AVG(a.amount)"


def loop(match: str, z: str, after: str = SKIP, a: str = "TRUE") -> Pattern:
    define = {"a": f"kind = 'a' AND {a}", "z": z}
    return parse_rows("p", match, define, within_ns=3_600 * SECOND, after_match=after)


@pytest.mark.parametrize("after", [SKIP, "SKIP TO NEXT ROW", "SKIP TO LAST a", "NO SKIP"])
@pytest.mark.parametrize("a", ["TRUE", "COALESCE(SUM(a.amount), 0) < 1e9"])
@pytest.mark.parametrize("line", ["a" * 500 + "z" * 100, "az" * 300])
@pytest.mark.parametrize("timeouts", [False, True])
def test_a_loop_whose_end_fails_costs_what_its_events_earn(
    after: str,
    a: str,
    line: str,
    timeouts: bool,  # noqa: FBT001 - a table
) -> None:
    """The work that is counted is bounded; what was given up for it is told."""
    made = loop("a{3,}[->] -> z", FAILING, after, a)
    each = 20
    matcher = matcher_of(made, limits=Limits(work=each), timeouts=timeouts)
    amounts = [1.0 if letter == "a" else 50.0 for letter in line]
    results = matcher.process(events(line, amounts))
    given_up = [one for one in results if one.kind is Kind.DROPPED]
    assert EXHAUSTED in {one.reason for one in given_up}
    assert all(one.runs > 0 for one in given_up)
    held = sum(
        sum(map(len, runs.ends)) for of_key in matcher.live.values() for runs in of_key.values()
    )
    assert held < len(line) / 2


def test_what_a_short_loop_costs_is_there() -> None:
    made = loop("a{3,}[->] -> z", FAILING)
    matcher = matcher_of(made)
    line = "a" * 300 + "zzz" + "z"
    results = matcher.process(events(line, [1.0] * 300 + [50.0] * 3 + [900.0]))
    (match,) = results
    assert len(match.path) == 301


def test_a_long_loop_whose_end_fails_gives_up_the_same_after_stops() -> None:
    made = loop("a{3,}[->] -> z", FAILING)
    amounts = [(1.0, 1.0, 1.0, 50.0)[at % 4] for at in range(800)]
    frame = events("aaaz" * 200, amounts)

    def read(*, resume: bool) -> Told:
        matcher, results = matcher_of(made, limits=Limits(work=100)), list[Result]()
        for part in frame.iter_slices(50):
            results += matcher.process(part)
            if resume:
                saved = pickle.dumps(matcher.snapshot())
                matcher = matcher_of(made, limits=Limits(work=100))
                matcher.restore(pickle.loads(saved))  # noqa: S301 - our own
        (runs,) = next(iter(matcher.live.values())).values()
        assert runs.work.left > 0
        return [*told(results), (runs.work.left,)]

    whole = read(resume=False)
    assert EXHAUSTED in {one[-1] for one in whole}
    assert read(resume=True) == whole
