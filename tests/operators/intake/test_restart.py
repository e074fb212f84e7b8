"""What the intake of a partition remembers of an earlier run, resumed by the engine."""

from pathlib import Path
from typing import Any

import bytewax.operators as op
import pytest
from bytewax.dataflow import Dataflow
from bytewax.testing import TestingSink, TestingSource

from connectors.codecs.json_columns import JsonColumns
from operators.intake.intake import partition_intake
from operators.intake.operator import event_batches
from operators.intake.plan import plan_intake
from operators.intake.rows import declare_rows
from tests.operators.keygroups.engine import run_crashing
from tidegauge.batch import Counts, EventBatch

SOURCE = declare_rows(
    "rows",
    fields={"name": {"type": "string"}},
    event_time={"field": "ts", "format": "epoch_ms", "out_of_orderness": "2s", "lateness": "3s"},
    filter="name <> 'no'",
)
SECOND_MS = 1_000


def row(second: int, name: str = "a") -> tuple[str, dict[str, Any]]:
    return "p", {"ts": second * SECOND_MS, "name": name}


def batches(rows: list[Any], store: Path) -> list[EventBatch]:
    """What a flow makes of rows, that crashes where it is told to and is started again."""
    out: list[EventBatch] = []
    flow = Dataflow("restart")
    up = op.input("rows", flow, TestingSource(rows))
    make_intake = partition_intake(plan_intake("rows", SOURCE, JsonColumns), 1)
    op.output("out", event_batches("take", up, make_intake, ["p"]), TestingSink(out))
    run_crashing(flow, store)
    return out


@pytest.mark.parametrize("stop", [TestingSource.ABORT, TestingSource.EOF])
def test_a_restart_forgets_neither_the_highest_time_nor_the_counts(
    tmp_path: Path, stop: type
) -> None:
    before = [row(100), row(90), row(96), row(101, "no")]
    out = batches([*before, stop(), row(99), row(98), row(95), row(0, "no")], tmp_path / "store")
    last = out[-1]
    assert last.counts == Counts(
        read=8, on_time=2, corrections=2, filtered=2, dead_lettered=2, late=2
    )
    assert last.progress.watermark_ns == 99 * 10**9
    letters = [letter for batch in out[-4:] for letter in batch.dead_letters.rows(named=True)]
    assert [letter["offset"] for letter in letters] == [6]
