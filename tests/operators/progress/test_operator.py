from dataclasses import dataclass

import bytewax.operators as op
import polars as pl
import pytest
from bytewax.dataflow import Dataflow, Stream
from bytewax.outputs import DynamicSink, StatelessSinkPartition
from bytewax.testing import TestingSink, TestingSource

from operators.progress.journaled import JournaledBoard
from operators.progress.operator import LISTENERS, PERIOD_NS, _Teller, tell_progress
from tests.operators.keygroups.engine import run
from tidegauge.batch import Counts, EventBatch, PartitionState, Progress

ACTIVE, IDLE = PartitionState.ACTIVE, PartitionState.IDLE
NOTHING = pl.DataFrame()


def batch(partition: int, at: int, state: PartitionState = ACTIVE) -> EventBatch:
    progress = Progress("s", partition, 2, at, state, 0, 1)
    return EventBatch("t", NOTHING, NOTHING, NOTHING, progress, Counts())


@dataclass
class Clock:
    now_ns: int = 0

    def __call__(self) -> int:
        return self.now_ns


@pytest.fixture
def clock() -> Clock:
    return Clock()


def told(teller: _Teller, *batches: EventBatch) -> list[tuple[int, int]]:
    """Partition and watermark of what the first of the listeners hears."""
    heard = [one for key, one in teller(list(batches)) if key == LISTENERS[0]]
    return [(one.partition, one.watermark_ns) for one in heard]


def test_of_several_batches_the_newest_is_told(clock: Clock) -> None:
    assert told(_Teller(clock), batch(0, 1), batch(1, 7), batch(0, 2)) == [(0, 2), (1, 7)]


def test_an_active_partition_is_told_of_once_a_period(clock: Clock) -> None:
    teller = _Teller(clock)
    assert told(teller, batch(0, 1)) == [(0, 1)]
    clock.now_ns = PERIOD_NS - 1
    assert told(teller, batch(0, 2)) == []
    clock.now_ns = PERIOD_NS
    assert told(teller, batch(0, 3)) == [(0, 3)]


def test_a_new_state_is_told_at_once(clock: Clock) -> None:
    teller = _Teller(clock)
    told(teller, batch(0, 1))
    assert told(teller, batch(0, 2, IDLE)) == [(0, 2)]
    assert told(teller, batch(0, 3)) == [(0, 3)]


def test_the_board_hears_of_the_partitions_of_others() -> None:
    board = JournaledBoard()
    board.post(batch(0, 5, IDLE).progress)
    flow = Dataflow("progress")
    batches: Stream[EventBatch] = op.input("in", flow, TestingSource([batch(1, 30)]))
    out: list[tuple[str, None]] = []
    op.output("out", tell_progress("tell", batches, board), TestingSink(out))
    run(flow, 2)
    assert out == []
    assert board.due("s", 0, 1, 0) == 30


class _Seen(StatelessSinkPartition[tuple[str, int]]):
    def __init__(self, worker: int, seen: set[int]) -> None:
        self._worker = worker
        self._seen = seen

    def write_batch(self, items: list[tuple[str, int]]) -> None:
        self._seen.add(self._worker)


class _SeenSink(DynamicSink[tuple[str, int]]):
    def __init__(self, seen: set[int]) -> None:
        self._seen = seen

    def build(self, step_id: str, worker_index: int, worker_count: int) -> _Seen:
        return _Seen(worker_index, self._seen)


@pytest.mark.parametrize("workers", range(1, 17))
def test_every_worker_hears(workers: int) -> None:
    seen: set[int] = set()
    flow = Dataflow("routes")
    items = op.input("names", flow, TestingSource([(name, 1) for name in LISTENERS]))
    routed = op.stateful_map("route", items, lambda state, value: (state, value))
    op.output("seen", routed, _SeenSink(seen))
    run(flow, workers)
    assert seen == set(range(workers))
