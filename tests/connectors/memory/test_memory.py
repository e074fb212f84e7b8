from pathlib import Path

import bytewax.operators as op
import polars as pl
import pytest
from bytewax.dataflow import Dataflow, Stream

from connectors.memory.sink import MemorySink
from connectors.memory.source import Held, MemorySource
from operators.intake.intake import Intake, IntakeState
from operators.progress.board import ProgressBoard
from tests.connectors.memory.crashing import CrashingSource
from tests.operators.intake.stream import make_plan, message, offsets
from tests.operators.keygroups.engine import run, run_crashing
from tidegauge.batch import EventBatch, PartitionState
from tidegauge.records import RecordBatch

LOG = [
    [Held(message(ts=10 * part + number), 7 + number) for number in range(size)]
    for part, size in enumerate((5, 0, 3))
]
PLAN = make_plan(keep_appended=True)


def _source(batch_size: int, at: int = -1) -> MemorySource:
    board = ProgressBoard()

    def make_intake(number: int, state: IntakeState | None) -> Intake:
        return Intake(PLAN, number, len(LOG), board, state or IntakeState())

    return CrashingSource(LOG, make_intake, batch_size, at)


def _flow(source: MemorySource, sink: MemorySink) -> Dataflow:
    def as_records(batches: list[EventBatch]) -> list[tuple[str, RecordBatch]]:
        return [
            (str(one.progress.partition), RecordBatch(one.topic, one.on_time)) for one in batches
        ]

    flow = Dataflow("memory")
    batches: Stream[EventBatch] = op.input("in", flow, source)
    op.output("out", op.flat_map_batch("records", batches, as_records), sink)
    return flow


def test_a_partition_is_read_in_batches_and_finishes() -> None:
    part = _source(2).build_part("in", "0", None)
    batches = [part.next_batch()[0] for _ in range(4)]
    assert [offsets(batch.on_time) for batch in batches] == [[0, 1], [2, 3], [4], []]
    assert batches[-1].progress.state is PartitionState.FINISHED
    with pytest.raises(StopIteration):
        part.next_batch()


def test_kafka_timestamps_are_those_of_the_messages() -> None:
    part = _source(9).build_part("in", "2", None)
    assert part.next_batch()[0].on_time["_appended_ms"].to_list() == [7, 8, 9]


def test_it_goes_on_from_where_it_was() -> None:
    part = _source(2).build_part("in", "0", None)
    part.next_batch()
    resumed = _source(2).build_part("in", "0", part.snapshot())
    batch = resumed.next_batch()[0]
    assert offsets(batch.on_time) == [2, 3]
    assert batch.counts.read == 4


def test_all_records_of_all_partitions_arrive() -> None:
    for workers in (1, 2):
        sink = MemorySink()
        run(_flow(_source(2), sink), workers)
        assert sum(len(record) for record in sink.records) == 8


def test_a_crash_loses_nothing(tmp_path: Path) -> None:
    for at in (1, 4, 9):
        sink = MemorySink()
        run_crashing(_flow(_source(1, at), sink), tmp_path / str(at))
        frame = pl.concat([record.frame for record in sink.records])
        assert frame["_time_ns"].n_unique() == 8
