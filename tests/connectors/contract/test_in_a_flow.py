"""A sink under the real engine: every record once, also after a crash and with two workers."""

from pathlib import Path
from typing import Any

import bytewax.operators as op
import pytest
from bytewax.dataflow import Dataflow
from bytewax.testing import TestingSource

from connectors.embedded.reader import query
from connectors.embedded.sink import StoreSink
from tests.connectors.samples import CATALOGUE, batch, record
from tests.operators.keygroups.engine import run, run_crashing
from tidegauge.records import RecordBatch

GROUPS = ("g101", "g62", "g20", "g43")
ITEMS = [
    (GROUPS[number % 4], batch(record(time_ns=number), record(time_ns=number, shop=8)))
    for number in range(20)
]


def flow(items: list[Any], path: Path) -> Dataflow:
    made = Dataflow("records")
    source = TestingSource[tuple[str, RecordBatch]](items, batch_size=2)
    op.output("out", op.input("in", made, source), StoreSink(path, CATALOGUE))
    return made


def count(path: Path) -> int:
    return int(query(path, "SELECT count(*) AS n FROM spend")["n"][0])


@pytest.mark.parametrize("workers", [1, 2])
def test_every_record_is_stored_once(tmp_path: Path, workers: int) -> None:
    path = tmp_path / "store.db"
    run(flow(ITEMS, path), workers)
    assert count(path) == 40


def test_after_a_crash_what_is_written_again_overwrites_itself(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    items = [*ITEMS[:11], TestingSource.ABORT(), *ITEMS[11:]]
    run_crashing(flow(items, path), tmp_path / "recovery")
    assert count(path) == 40
