"""Any stream, in any batches, with restarts: the windows are those of the reference."""

from collections.abc import Callable, Sequence
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz import times
from tests.operators.windows.harness import Flow, make_plan, make_source
from tests.operators.windows.reference import SELECT, Event, Judge, Results, aggregates, results
from tidegauge.batch import PartitionState

MS = 1_000_000
BOUND, LATENESS = 3, 8

EVENTS = st.fixed_dictionaries(
    {
        "ts": st.integers(-10, 60),
        "k": st.sampled_from(["a", "b", "", None]),
        "j": st.sampled_from([0, 1, None]),
        "x": st.sampled_from([0.0, -0.0, 1.5, None]),
        "b": st.sampled_from([True, False, None]),
        "v": st.integers(-40, 40).map(lambda quarters: quarters / 4) | st.none(),
        "q": st.integers(-3, 3) | st.sampled_from([2**60, None]),
    }
)
STEPS = st.lists(
    st.tuples(
        st.integers(0, 2), st.lists(EVENTS, max_size=12) | st.sampled_from(["idle", "restart"])
    ),
    max_size=10,
)
SHAPES = st.sampled_from([(10, None), (1, None), (10, 5), (10, 4), (9, 3), (12, 1)])
KEYS = st.sampled_from([(), ("k",), ("k", "j"), ("x",), ("b", "k")])
CONDITIONS: dict[str | None, Callable[[Event], bool]] = {
    None: lambda _: True,
    "v > 0": lambda event: event["v"] is not None and event["v"] > 0,
    "k IS NULL OR NOT b": lambda event: event["k"] is None or event["b"] is False,
}


def rows(frame: pl.DataFrame, by: Sequence[str]) -> Results:
    made: Results = {}
    for row in frame.iter_rows(named=True):
        place = tuple(row[key] for key in by), row["start_ns"] // MS, row["revision"]
        assert place not in made, f"{place} came twice"
        made[place] = row
    return made


def assert_same(made: Results, expected: Results, size: int) -> None:
    assert made.keys() == expected.keys()
    for place, fields in expected.items():
        row = made[place]
        assert row["time_ns"] == row["start_ns"] + size * MS
        assert {name: row[name] for name in fields} == {
            name: pytest.approx(value, rel=1e-9, abs=1e-9) if isinstance(value, float) else value
            for name, value in fields.items()
        }, place


@settings(max_examples=times(50))
@given(
    steps=STEPS,
    partitions=st.integers(1, 3),
    shape=SHAPES,
    by=KEYS,
    where=st.sampled_from(list(CONDITIONS)),
    restart_always=st.booleans(),
)
def test_all_results_are_those_of_the_reference(
    *,
    steps: list[tuple[int, list[dict[str, Any]] | str]],
    partitions: int,
    shape: tuple[int, int | None],
    by: tuple[str, ...],
    where: str | None,
    restart_always: bool,
) -> None:
    size, every = shape
    source = make_source(bound=BOUND, lateness=LATENESS)
    plan = make_plan(source, size=size, every=every, by=list(by), where=where, select=SELECT)
    flow = Flow(source, [plan], partitions)
    judge = Judge(partitions, BOUND, LATENESS)
    for number, events in steps:
        partition = number % partitions
        if events == "idle":
            flow.quiet(partition, PartitionState.IDLE)
            judge.idle(partition)
        elif not isinstance(events, str) and events:
            flow.events(partition, events)
            judge.events(partition, events)
        if restart_always or events == "restart":
            flow.resume()
            judge.resume()
    flow.finish()
    expected = results(
        judge,
        size=size,
        every=every or size,
        by=by,
        where=CONDITIONS[where],
        fields=aggregates,
    )
    made = rows(flow.frame(), by) if flow.records else {}
    assert_same(made, expected, size)
    assert flow.dead == judge.dead
    assert flow.group._states["w"].dropped == 0
    assert flow.group._states["w"].empty
