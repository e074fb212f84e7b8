"""Panes as matrices and as rows: the same results, and memory by what there is."""

import pickle
import random
from collections.abc import Iterator
from typing import Any

import polars as pl
import pytest

from operators.windows.paned import store
from operators.windows.paned.state import PanedState
from operators.windows.part import Part
from tests.operators.windows.conformance.flow import (
    SOURCE,
    GroupFlow,
    assert_given,
    judged,
    log,
    plan_of,
    records,
    run,
)
from tests.operators.windows.conformance.kinds import KINDS, Kind
from tests.operators.windows.reference import SELECT

PANED = [kind for kind in KINDS if {"tumbling", "sliding"} & set(kind.declared)]
LOG = log(5, 70)


def always_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "FULL", 0)
    monkeypatch.setattr(store, "_NARROW", -1)


def always_matrices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "FULL", 10**9)
    monkeypatch.setattr(store, "_FEW_PANES", 10**9)


def some_of_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few batches are like this by themselves: panes are full by their number, and become so."""
    monkeypatch.setattr(store, "FULL", 2)
    monkeypatch.setattr(store, "_NARROW", -1)
    monkeypatch.setattr(store, "_FEW_PANES", 0)
    monkeypatch.setattr(store, "_FEW_ROWS", 2)


@pytest.mark.parametrize("kept", [always_rows, always_matrices, some_of_each])
@pytest.mark.parametrize("kind", PANED, ids=lambda kind: kind.name)
def test_results_do_not_depend_on_how_panes_are_kept(
    kept: Any, kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept(monkeypatch)
    flow = run([plan_of(kind, by=["k", "j"], select=SELECT)], LOG, partitions=3)
    assert_given(records(flow.records, ["k", "j"]), kind.expected(judged(LOG, 3), ["k", "j"]))


@pytest.mark.parametrize("kind", PANED, ids=lambda kind: kind.name)
def test_results_in_pieces_are_the_same(kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "ROWS_AT_ONCE", 3)
    some_of_each(monkeypatch)
    steps = [step for step in LOG if step[1] != "idle"]
    one = [(0, [event for _, events in steps for event in events if isinstance(event, dict)])]
    flow = run([plan_of(kind, by=["k"], select=SELECT)], one)
    assert_given(records(flow.records, ["k"]), kind.expected(judged(one, 1), ["k"]))


def test_panes_that_fill_up_become_matrices_and_thin_ones_rows_again() -> None:
    """Of ten series in one pane; then of a thousand in another, among which ten are few."""
    kind = Kind("wide", {"tumbling": {"size": "1s"}}, KINDS[0].rule)
    flow = GroupFlow(SOURCE, [plan_of(kind, by=["k"])])
    panes = paned(flow)._on_time
    flow.events(0, [{"ts": 1, "k": str(number)} for number in range(10)])
    assert panes._full.open == [0]
    flow.events(0, [{"ts": 1_001, "k": str(number)} for number in range(1_000)])
    assert panes._full.open == [1]
    assert panes.open == [0, 1]
    flow.events(0, [{"ts": 1_001, "k": str(number)} for number in range(10)])
    flow.finish()
    assert flow.frame().group_by("time_ns").agg(pl.col("n").sum(), pl.len()).sort(
        "time_ns"
    ).rows() == [(10**9, 10, 10), (2 * 10**9, 1_010, 1_000)]


def paned(flow: GroupFlow) -> PanedState:
    state = flow.groups[0]._states["w"].state
    assert isinstance(state, PanedState)
    return state


def sparse(events: int, keys: int) -> list[dict[str, Any]]:
    """Events ten windows apart, of keys drawn at random."""
    rng = random.Random(1)
    return [{"ts": 100 * at, "k": str(rng.randrange(keys)), "v": 1.0} for at in range(events)]


@pytest.mark.parametrize("select", [{"n": "count(*)"}, {"d": "distinct(v)", "t": "top(k, 2)"}])
@pytest.mark.parametrize("batch", [50, 4_000])
def test_memory_of_sparse_history_is_that_of_its_events_and_not_of_keys_times_panes(
    batch: int, select: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four thousand keys and panes would be 16 million places, of three numbers each."""
    kind = Kind("sliding", {"sliding": {"size": "10ms", "every": "2ms"}}, KINDS[0].rule)
    flow = GroupFlow(SOURCE, [plan_of(kind, by=["k"], select=select)])
    events = sparse(4_000, 4_000)
    held: list[int] = []
    state = paned(flow)
    advance = state.advance

    def watched(watermark_ns: int) -> Iterator[Part]:
        held.append(state.nbytes)
        return advance(watermark_ns)

    monkeypatch.setattr(state, "advance", watched)
    for at in range(0, len(events), batch):
        flow.events(0, events[at : at + batch])
    flow.finish()
    assert sum(record.frame.height for record in flow.records) == 5 * 4_000
    assert max(held) < 300 * batch


def test_a_window_of_many_panes_holds_what_its_events_need() -> None:
    """A day every minute, a thousand keys that come a few times: nothing closes meanwhile."""
    kind = Kind("day", {"sliding": {"size": "1d", "every": "2m"}}, KINDS[0].rule)
    flow = GroupFlow(SOURCE, [plan_of(kind, by=["k"])])
    rng = random.Random(2)
    for start in range(0, 86_400_000, 600_000):
        times = sorted(rng.randrange(start, start + 600_000) for _ in range(20))
        flow.events(0, [{"ts": at, "k": str(rng.randrange(1_000))} for at in times])
    # 2,880 events; 720 panes times 950 keys times three numbers would be 16 MB.
    assert paned(flow).nbytes < 1_000_000
    assert len(pickle.dumps(paned(flow).snapshot())) < 400_000


def test_parts_without_rows_change_nothing() -> None:
    kind = Kind("one", {"tumbling": {"size": "10ms"}}, KINDS[0].rule)
    state = paned(GroupFlow(SOURCE, [plan_of(kind, by=["k"])]))
    none = Part(pl.DataFrame(schema={"k": pl.String, "_pane": pl.Int64}))
    state.add(none, none)
    assert state.empty
    assert list(state.advance(10**12)) == []
