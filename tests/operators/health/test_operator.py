import bytewax.operators as op
import pytest
from bytewax.dataflow import Dataflow, Stream
from bytewax.testing import TestingSink

from connectors.memory.source import Held, MemorySource
from operators.health.operator import dead_letters, partition_health
from operators.intake.intake import Intake, IntakeState
from operators.progress.board import ProgressBoard
from tests.operators.intake.stream import make_plan, message
from tests.operators.keygroups.engine import run
from tidegauge.batch import EventBatch
from tidegauge.catalogue import DEAD_LETTERS, FLOW
from tidegauge.records import RecordBatch

LOG: list[list[bytes | None]] = [
    [message(ts=1_000), b"{", None, message(ts=2_000)],
    [message(ts=1_000), message(ts=2_000), message(ts=3_000)],
]
PLAN = make_plan()


def _flow(out: list[tuple[str, RecordBatch]]) -> Dataflow:
    board = ProgressBoard()

    def make_intake(number: int, state: IntakeState | None) -> Intake:
        return Intake(PLAN, number, len(LOG), board, state or IntakeState())

    messages = [[Held(payload, 1_000_000) for payload in part] for part in LOG]
    flow = Dataflow("health")
    source = MemorySource(messages, make_intake, 2)
    batches: Stream[EventBatch] = op.input("in", flow, source)
    op.output("dead", dead_letters("dead_letters", batches), TestingSink(out))
    op.output("health", partition_health("flow", batches, lambda: 1), TestingSink(out))
    return flow


@pytest.mark.parametrize("workers", [1, 2])
def test_dead_letters_and_counts_are_keyed_by_partition(workers: int) -> None:
    out: list[tuple[str, RecordBatch]] = []
    run(_flow(out), workers)
    dead = [(key, one.frame["offset"].to_list()) for key, one in out if one.signal == DEAD_LETTERS]
    assert dead == [("t-0", [1]), ("t-0", [2])]
    last = {key: one.frame.row(0, named=True) for key, one in out if one.signal == FLOW}
    assert {key: row["processed"] for key, row in last.items()} == {"t-0": 4, "t-1": 3}
    assert {key: row["errors"] for key, row in last.items()} == {"t-0": 2, "t-1": 0}
