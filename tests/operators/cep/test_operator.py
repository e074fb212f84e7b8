"""Patterns in a flow of the engine: workers and crashes change nothing."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import bytewax.operators as op
import pytest
from bytewax.dataflow import Dataflow, Stream
from bytewax.testing import TestingSink, TestingSource

from operators.cep.operator import find_patterns
from operators.windows.operator import join_sources
from tests.operators.cep.declared import SOURCES, Event, batches_of, step_of
from tests.operators.keygroups.engine import run, run_crashing
from tidegauge.batch import EventBatch
from tidegauge.records import RecordBatch

STEP = step_of()
EVENTS: list[Event] = [
    (second, SOURCES[second % 3 == 2], card, float((second * 7 + number) % 10))
    for second in range(6)
    for number, card in enumerate("abc")
]
Item = tuple[str, RecordBatch]


def _flow(
    source: Sequence[EventBatch | TestingSource.ABORT | TestingSource.EOF],
    out: list[Item],
    ending: Callable[[], bool] = lambda: False,
) -> Dataflow:
    flow = Dataflow("patterns")
    batches: Stream[EventBatch] = op.input("in", flow, TestingSource(source))
    ups = {
        name: op.filter(f"of_{name}", batches, lambda one, name=name: one.progress.source == name)  # type: ignore[misc]  # the default makes it a lambda of one
        for name in SOURCES
    }
    found = find_patterns("patterns", join_sources("join", ups), STEP, 4, lambda: 0, ending=ending)
    op.output("out", found, TestingSink(out))
    return flow


def _rows(items: list[Item]) -> set[tuple[Any, ...]]:
    return {(one.signal, *row) for _, one in items for row in one.frame.rows()}


def _expected() -> set[tuple[Any, ...]]:
    out: list[Item] = []
    run(_flow(batches_of(EVENTS), out))
    assert {one.signal for _, one in out} >= {"growing", "growing_timeouts", "at_once"}
    return _rows(out)


def test_two_workers_find_the_same() -> None:
    out: list[Item] = []
    run(_flow(batches_of(EVENTS), out), workers=2)
    assert _rows(out) == _expected()


def test_a_crash_anywhere_loses_and_invents_nothing(tmp_path: Path) -> None:
    batches, expected = batches_of(EVENTS), _expected()
    for at in range(1, len(batches), 3):
        out: list[Item] = []
        crashing: list[EventBatch | TestingSource.ABORT] = [
            *batches[:at],
            TestingSource.ABORT(),
            *batches[at:],
        ]
        run_crashing(_flow(crashing, out), tmp_path / str(at))
        assert _rows(out) == expected


def test_work_that_is_left_for_later_is_done_also_after_a_crash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each activation reads one event that can move a run."""
    batches, expected = batches_of(EVENTS), _expected()
    monkeypatch.setattr("operators.cep.operator.SLICE_NS", 0)
    out: list[Item] = []
    run(_flow(batches, out))
    assert _rows(out) == expected
    for at in range(1, len(batches), 3):
        out = []
        run_crashing(
            _flow([*batches[:at], TestingSource.ABORT(), *batches[at:]], out), tmp_path / str(at)
        )
        assert _rows(out) == expected


def test_a_flow_that_is_to_end_leaves_work_in_its_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches, expected = batches_of(EVENTS), _expected()
    monkeypatch.setattr("operators.cep.operator.SLICE_NS", 0)
    out: list[Item] = []
    ends, told = {"now": True}, []

    def start_again() -> None:
        ends["now"] = False
        told.append(_rows(out))

    flow = _flow([*batches, TestingSource.EOF()], out, lambda: ends["now"])
    run_crashing(flow, tmp_path / "ended", start_again)
    assert told[0] < expected
    assert _rows(out) == expected
