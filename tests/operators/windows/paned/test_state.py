import pickle

import polars as pl
import pytest

from operators.windows.paned import state as state_module
from operators.windows.paned.preaggregate import preaggregate
from operators.windows.paned.state import PanedState
from operators.windows.part import Part, concat_parts
from operators.windows.plan import WindowPlan
from tests.operators.windows.harness import SECOND, make_plan, make_source
from tidegauge.batch import END_OF_TIME, TIME
from tidegauge.errors import UserMistake

SOURCE = make_source(bound=0, lateness=5_000)
PLAN = make_plan(SOURCE, size=10_000, by=["k"])


def rows(*seconds: float, keys: str | list[str] = "a", plan: WindowPlan = PLAN) -> Part:
    events = {TIME: [int(second * SECOND) for second in seconds], "k": keys}
    frame = pl.DataFrame({**events, "k": [keys] * len(seconds) if isinstance(keys, str) else keys})
    return preaggregate(plan, frame)


def closed(state: PanedState, second: float) -> list[tuple[int, int, int]]:
    """End, revision and count of what closes when the watermark is there."""
    parts = list(state.advance(int(second * SECOND)))
    found = [
        row for part in parts for row in part.rows.select("time_ns", "revision", "_rows").rows()
    ]
    return [(end // SECOND, revision, count) for end, revision, count in found]


def test_nothing_closes_twice_and_the_watermark_may_stand_still_or_fall() -> None:
    state = PanedState(PLAN)
    state.add(rows(1, 2), None)
    assert closed(state, 10) == [(10, 0, 2)]
    assert closed(state, 10) == closed(state, 3) == closed(state, 1_000) == []


def test_first_results_come_before_corrected_ones_each_by_their_ends() -> None:
    state = PanedState(PLAN)
    state.add(rows(1, 11, 21, 31), rows(12, 2))
    assert closed(state, 100) == [
        (10, 0, 1),
        (20, 0, 1),
        (30, 0, 1),
        (40, 0, 1),
        (10, 1, 2),
        (20, 1, 2),
    ]


def test_an_on_time_event_behind_the_watermark_corrects() -> None:
    """It can come from a partition that woke in another process."""
    state = PanedState(PLAN)
    state.add(rows(1), None)
    closed(state, 12)
    state.add(rows(2, 13), None)
    assert closed(state, 15) == [(10, 1, 2)]
    assert closed(state, 20) == [(20, 0, 1)]
    assert state.dropped == 0


def test_what_comes_after_the_last_result_is_counted_as_dropped() -> None:
    state = PanedState(PLAN)
    closed(state, 15)
    state.add(rows(1, 2, 11), rows(3))
    assert state.dropped == 3
    assert closed(state, END_OF_TIME / SECOND) == [(20, 0, 1)]


def test_panes_are_dropped_when_their_last_result_is_given() -> None:
    state = PanedState(PLAN)
    state.add(rows(1, 11), rows(2))
    closed(state, 14.9)
    assert state._on_time.open == [0, 1]
    closed(state, 15)
    assert state._on_time.open == [1]
    assert state._corrections.open == []


def test_memory_is_bounded_by_the_panes_that_are_open_at_once() -> None:
    state = PanedState(make_plan(SOURCE, size=10_000, every=1_000, by=["k"]))
    for second in range(100):
        state.add(rows(second, plan=state._plan), rows(second - 3, plan=state._plan))
        closed(state, second)
    assert len(state._on_time.open) <= 16
    assert state._on_time._full._matrices["_rows"].shape[0] <= 32
    assert state._corrections._full._matrices["_rows"].shape[0] <= 32


def test_series_that_no_pane_holds_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state_module, "_COMPACT_ABOVE", 8)
    monkeypatch.setattr(state_module, "_SPARE", 4)
    state = PanedState(PLAN)
    counts = []
    for second in range(0, 200, 10):
        keys = ["stays", *(f"key-{second}-{number}" for number in range(4))]
        state.add(rows(*[second] * 5, keys=keys), None)
        counts += [count for _, _, count in closed(state, second)]
        assert len(state._series) <= 40
        assert state._on_time._full._matrices["_rows"].shape[1] <= 64
    assert counts == [1] * 5 * 19


def test_renumbering_keeps_what_is_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state_module, "_COMPACT_ABOVE", 4)
    monkeypatch.setattr(state_module, "_SPARE", 4)
    state = PanedState(PLAN)
    state.add(rows(*[1] * 16, keys=[f"key-{number}" for number in range(16)]), None)
    late = ["key-7", "key-11", "key-11", "key-3", "key-3", "key-3"]
    state.add(rows(*[21] * 6, keys=late), rows(22, 22, keys=["key-9", "key-11"]))
    assert len(closed(state, 16)) == 16
    assert len(state._series) == 4
    part = concat_parts(list(state.advance(END_OF_TIME)))
    assert sorted(part.rows.select("k", "revision", "_rows").rows()) == [
        ("key-11", 0, 2),
        ("key-11", 1, 3),
        ("key-3", 0, 3),
        ("key-7", 0, 1),
        ("key-9", 1, 1),
    ]


def test_without_keys_there_is_nothing_to_renumber(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state_module, "_COMPACT_ABOVE", 0)
    state = PanedState(make_plan(SOURCE, size=10_000))
    state.add(rows(1, plan=state._plan), None)
    closed(state, 100)
    state.add(rows(101, plan=state._plan), None)
    assert closed(state, 110) == [(110, 0, 1)]


def test_a_window_that_was_declared_otherwise_does_not_read_the_old_state() -> None:
    state = PanedState(PLAN)
    state.add(rows(1), None)
    saved = pickle.loads(pickle.dumps(state.snapshot()))  # noqa: S301 - made here
    others = {
        "another kind or size": make_plan(SOURCE, size=20_000, by=["k"]),
        "another kind or": make_plan(SOURCE, size=10_000, every=5_000, by=["k"]),
        "other keys": make_plan(SOURCE, size=10_000, by=["j"]),
        "other metrics": make_plan(SOURCE, size=10_000, by=["k"], select={"n": "count(v)"}),
        "another condition": make_plan(SOURCE, size=10_000, by=["k"], where="v > 1"),
        "another lateness": make_plan(make_source(bound=0, lateness=1), size=10_000, by=["k"]),
    }
    for what, other in others.items():
        with pytest.raises(UserMistake, match=f"saved state: window 'w' had {what}"):
            PanedState(other).restore(saved)
    again = PanedState(make_plan(make_source(bound=9, lateness=5_000), size=10_000, by=["k"]))
    again.restore(saved)
    assert closed(again, 10) == [(10, 0, 1)]
