from collections import Counter

import bytewax.operators as op
import pytest
from bytewax.dataflow import Dataflow
from bytewax.outputs import DynamicSink, StatelessSinkPartition
from bytewax.testing import TestingSource

from operators.keygroups.names import group_names
from tests.operators.keygroups.engine import run


class _Seen(StatelessSinkPartition[tuple[str, int]]):
    def __init__(self, worker: int, seen: dict[str, int]) -> None:
        self._worker = worker
        self._seen = seen

    def write_batch(self, items: list[tuple[str, int]]) -> None:
        self._seen.update((key, self._worker) for key, _ in items)


class _SeenSink(DynamicSink[tuple[str, int]]):
    def __init__(self, seen: dict[str, int]) -> None:
        self._seen = seen

    def build(self, step_id: str, worker_index: int, worker_count: int) -> _Seen:
        return _Seen(worker_index, self._seen)


def _routes(workers: int) -> dict[str, int]:
    """Worker that the engine sends each of the names to."""
    seen: dict[str, int] = {}
    flow = Dataflow("routes")
    items = op.input("names", flow, TestingSource([(name, 1) for name in group_names(16)]))
    routed = op.stateful_map("route", items, lambda state, value: (state, value))
    op.output("seen", routed, _SeenSink(seen))
    run(flow, workers)
    return seen


@pytest.mark.parametrize("workers", [2, 4, 8, 16])
def test_the_first_n_names_are_spread_as_evenly_as_can_be(workers: int) -> None:
    routes = _routes(workers)
    for groups in range(1, 17):
        load = Counter(routes[name] for name in group_names(groups))
        per_worker = [load[worker] for worker in range(workers)]
        assert max(per_worker) - min(per_worker) <= 1


def test_fewer_groups_are_the_first_names_of_more() -> None:
    assert group_names(16)[:5] == group_names(5)
    assert len(set(group_names(16))) == 16


@pytest.mark.parametrize("groups", [0, -1, 17])
def test_other_numbers_are_refused(groups: int) -> None:
    with pytest.raises(ValueError, match=r"key groups: allowed are 1 to 16"):
        group_names(groups)
