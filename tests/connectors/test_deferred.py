"""Nothing slow happens while the engine builds partitions, one after the other."""

from typing import Any

import bytewax.operators as op
import pytest
from bytewax.dataflow import Dataflow
from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition
from bytewax.testing import TestingSink, run_main

from connectors.deferred import DeferredSource
from tidegauge.errors import Stop


class _Part(StatefulSourcePartition[int, int]):
    def __init__(self, log: list[str], at: int) -> None:
        self._log = log
        self._at = at

    def next_batch(self) -> list[int]:
        if self._at == 2:
            raise StopIteration
        self._at += 1
        return [self._at]

    def snapshot(self) -> int:
        return self._at

    def close(self) -> None:
        self._log.append("closed")


class _Source(FixedPartitionedSource[int, int]):
    def __init__(self, log: list[str], name: str = "a", fault: Exception | None = None) -> None:
        self._log = log
        self._name = name
        self._fault = fault

    def list_parts(self) -> list[str]:
        return [f"{self._name}0", f"{self._name}1"]

    def build_part(self, step_id: str, for_part: str, resume_state: int | None) -> _Part:
        if self._fault:
            raise self._fault
        self._log.append(f"built {for_part}")
        return _Part(self._log, resume_state or 0)


def _deferred(log: list[str], fault: Exception | None = None) -> Any:
    return DeferredSource(_Source(log, fault=fault))


def test_a_partition_is_built_at_the_second_read() -> None:
    log: list[str] = []
    part = _deferred(log).build_part("step", "a0", None)
    assert (part.next_batch(), part.next_awake(), log) == ([], None, [])
    assert (part.next_batch(), log) == ([1], ["built a0"])


def test_saved_state_is_that_of_the_partition() -> None:
    log: list[str] = []
    part = _deferred(log).build_part("step", "a0", 1)
    assert part.snapshot() == 1
    part.next_batch()
    assert part.next_batch() == [2]
    assert part.snapshot() == 2


def test_what_was_not_built_is_not_closed() -> None:
    log: list[str] = []
    part = _deferred(log).build_part("step", "a0", None)
    part.close()
    assert log == []
    part.snapshot()
    part.close()
    assert log == ["built a0", "closed"]


def test_what_building_raises_the_read_raises() -> None:
    part = _deferred([], fault=Stop("the position is gone")).build_part("step", "a0", None)
    part.next_batch()
    with pytest.raises(Stop, match="the position is gone"):
        part.next_batch()


def test_the_epochs_of_all_sources_have_begun_before_one_is_built() -> None:
    log: list[str] = []
    read: list[int] = []
    graph = Dataflow("two_sources")
    slow = op.input("slow", graph, DeferredSource(_Source(log, "slow")))
    other = op.input("other", graph, _Source(log, "other"))
    op.output("out", op.merge("both", slow, other), TestingSink(read))
    run_main(graph)  # type: ignore[no-untyped-call]  # it has no types
    assert sorted(read) == [1, 1, 1, 1, 2, 2, 2, 2]
    built = [entry for entry in log if entry != "closed"]
    assert sorted(built[:2]) == ["built other0", "built other1"]
    assert sorted(built[2:]) == ["built slow0", "built slow1"]
