"""Patterns of a pipeline file in one key group."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from operators.cep.plan import PatternStep
from tests.operators.cep.declared import (
    PIPELINE,
    SECOND,
    SOURCES,
    Event,
    batches_of,
    group_of,
    slices_of,
    step_of,
    told,
)
from tests.operators.keygroups.engine import pickled
from tidegauge.errors import UserMistake

Rows = list[tuple[Any, ...]]


@pytest.fixture(scope="module")
def step() -> PatternStep:
    return step_of()


def found(step: PatternStep, events: list[Event], cuts: frozenset[int], *, resume: bool) -> Rows:
    """Everything told, with a batch from cut to cut; the state is saved and read at each."""
    slices = slices_of(step, batches_of(events))
    group, records, begin = group_of(step), [], 0
    for end in sorted({*cuts, len(slices)}):
        records += group.take(slices[begin:end])
        begin = end
        if resume:
            group = group_of(step, pickled(group.snapshot()))
    return told(records)


EVENTS = st.lists(
    st.tuples(
        st.integers(0, 30), st.sampled_from(SOURCES), st.sampled_from("ab"), st.integers(0, 9)
    ),
    max_size=30,
)


def on_time(events: list[tuple[int, str, str, int]]) -> list[Event]:
    """Events in an order in which none is later than the out-of-orderness."""
    ordered = sorted(events, key=lambda event: event[0] + (event[3] % 4))
    return [(second, source, card, float(amount)) for second, source, card, amount in ordered]


@settings(max_examples=20, deadline=None)
@given(EVENTS.map(on_time), st.frozensets(st.integers(1, 31), max_size=6))
def test_any_split_into_batches_and_any_restart_tell_the_same(
    step: PatternStep, events: list[Event], cuts: frozenset[int]
) -> None:
    whole = found(step, events, frozenset(), resume=False)
    one_by_one = frozenset(range(1, len(events) + 2))
    assert found(step, events, one_by_one, resume=False) == whole
    assert found(step, events, cuts, resume=True) == whole


def test_a_match_has_keys_measures_times_and_an_identity(step: PatternStep) -> None:
    events: list[Event] = [
        (1, "cards", "a", 1.0),
        (4, "transfers", "a", 8.0),
        (2, "cards", "a", 3.0),
        (1, "cards", "b", 9.0),
    ]
    rows = [row for row in found(step, events, frozenset(), resume=False) if row[0] == "growing"]
    assert {row[1:6] for row in rows if row[1] < 3 * SECOND} == {(2 * SECOND, "a", 1.0, 1, None)}
    last = [row for row in rows if row[1] >= 3 * SECOND]
    assert {row[2:6] for row in last} == {("a", 4.0, 2, "to 4"), ("a", 3.0, 1, "to 4")}
    assert sorted(row[1] - 4 * SECOND for row in last) == [0, 1]
    assert len({row[6] for row in rows}) == len(rows)


def test_what_never_came_is_told_for_the_end_of_the_window(step: PatternStep) -> None:
    rows = found(step, [(10, "cards", "a", 7.0)], frozenset(), resume=False)
    assert [row[:3] for row in rows] == [("unanswered", 15 * SECOND, "a")]


def test_runs_whose_time_is_over_have_records_of_their_own(step: PatternStep) -> None:
    rows = found(step, [(3, "cards", "b", 2.0)], frozenset(), resume=False)
    (row,) = [row for row in rows if row[0] == "growing_timeouts"]
    assert row[1:5] == (23 * SECOND, "b", 2.0, 1)
    assert row[7] == "timeout"


def test_in_order_of_arrival_nothing_waits_for_the_watermark(step: PatternStep) -> None:
    slices = slices_of(step, batches_of([(5, "cards", "a", 1.0), (4, "cards", "a", 2.0)]))
    records = group_of(step).take(slices[:2])
    assert [one.signal for one in records] == ["at_once"]


LIMITED = PIPELINE.replace("timeouts: true", "limits: {partial_matches: 2}")


def test_runs_over_the_limit_are_a_dead_letter_and_are_counted() -> None:
    step = step_of(LIMITED)
    group = group_of(step)
    events: list[Event] = [(second, "cards", "a", 1.0) for second in range(5)]
    records = group.take(slices_of(step, batches_of(events)))
    (letter,) = [one.frame for one in records if one.signal == "dead_letters"]
    assert letter["kind"].to_list() == ["too_many_runs"]
    assert "pattern growing: partial matches" in letter["reason"][0]
    state = group.measure().frame
    dropped = dict(zip(state["pattern"], state["dropped"], strict=True))
    assert dropped.pop("growing") > 0
    assert set(dropped.values()) == {0}


def test_a_changed_pattern_begins_anew_and_the_others_go_on(step: PatternStep) -> None:
    before: list[Event] = [
        (1, "cards", "a", 1.0),
        (1, "cards", "c", 7.0),
        (5, "cards", "b", 5.0),
        (5, "transfers", "b", 5.0),
    ]
    slices = slices_of(step, batches_of([*before, (6, "cards", "a", 9.0)]))
    group = group_of(step)
    group.take(slices[: len(before)])
    changed = step_of(
        PIPELINE.replace('"amount < 4", large: "amount > SUM', '"amount < 3", large: "amount > SUM')
    )
    after = told(group_of(changed, pickled(group.snapshot())).take(slices[len(before) :]))
    unchanged = told(group.take(slices[len(before) :]))
    assert {row[0] for row in unchanged} == {"growing", "unanswered", "growing_timeouts"}
    assert [row for row in after if row[0] == "unanswered"] == [
        row for row in unchanged if row[0] == "unanswered"
    ]
    assert not [row for row in after if row[0] == "growing"]


def test_a_snapshot_of_another_version_is_refused(step: PatternStep) -> None:
    snapshot = {**group_of(step).snapshot(), "version": 99}
    with pytest.raises(UserMistake, match="patterns have version 99"):
        group_of(step, snapshot)


def test_point_times_are_forgotten_behind_the_watermark(step: PatternStep) -> None:
    group = group_of(step)
    group.take(slices_of(step, batches_of([(1, "cards", "a", 1.0), (2, "cards", "a", 9.0)])))
    assert all(not lane["points"] for lane in group.snapshot()["lanes"].values())
