"""Sources, steps and sinks of a sealed flow save data only, and go on from it."""

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import bytewax.operators as op
import pytest
from bytewax.dataflow import Dataflow, Stream
from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.testing import TestingSource, run_main

from connectors.recovery.integrity import fault, require_sealed
from dataflows.topology.parts import failure
from dataflows.topology.sealed import seal
from tidegauge.batch import Counts
from tidegauge.errors import UserMistake
from tidegauge.savedstate import dumps, loads


class Sink(FixedPartitionedSink[Counts, int]):
    """Counts what it was given, in this run and before."""

    def __init__(self, out: list[tuple[int, Counts]]) -> None:
        self._out = out

    def list_parts(self) -> list[str]:
        return ["only"]

    def build_part(self, step_id: str, for_part: str, resume_state: int | None) -> "Part":
        return Part(self._out, 0 + (resume_state or 0))


class Part(StatefulSinkPartition[Counts, int]):
    def __init__(self, out: list[tuple[int, Counts]], number: int) -> None:
        self._out, self._number = out, number

    def write_batch(self, values: list[Counts]) -> None:
        for value in values:
            self._number += 1
            self._out.append((self._number, value))

    def snapshot(self) -> int:
        return self._number


def flow(out: list[tuple[int, Counts]]) -> Dataflow:
    """Adds up what it reads, in a class of ours, and ends in the middle."""

    def add(total: Counts | None, number: int) -> tuple[Counts | None, Counts]:
        total = (total or Counts()) + Counts(read=number)
        return total, total

    made = Dataflow("f")
    log: list[Any] = [1, 2, TestingSource.EOF(), 3, 4]
    numbers: Stream[int] = op.input("in", made, TestingSource(log))
    totals = op.stateful_map("add", op.key_on("key", numbers, lambda _: "k"), add)
    op.output("out", totals, Sink(out))
    return seal(made)


def run(folder: Path, out: list[tuple[int, Counts]]) -> None:
    if not folder.exists():
        folder.mkdir()
        init_db_dir(folder, 1)  # type: ignore[no-untyped-call]  # published so
    config = RecoveryConfig(str(folder))  # type: ignore[no-untyped-call]  # as above
    run_main(flow(out), epoch_interval=timedelta(0), recovery_config=config)  # type: ignore[no-untyped-call]  # as above


def test_a_flow_saves_data_only_and_goes_on_from_it(tmp_path: Path) -> None:
    folder, out = tmp_path / "state", list[tuple[int, Counts]]()
    run(folder, out)
    with closing(sqlite3.connect(folder / "part-0.sqlite3")) as db:
        rows = db.execute("SELECT step_id, ser_change FROM snaps").fetchall()
    saved = {step.split(".")[1]: loads(require_sealed(data) or b"") for step, data in rows}
    assert saved == {"in": 3, "add": Counts(3), "out": 2}
    assert fault(folder / "part-0.sqlite3") is None
    run(folder, out)
    assert out == [(1, Counts(1)), (2, Counts(3)), (3, Counts(6)), (4, Counts(10))]


@pytest.mark.parametrize(
    ("state", "told"),
    [
        (b"other bytes", "is not in the format of this program"),
        (dumps([1]), "does not fit (TypeError: "),
        (dumps(3)[:-1], "is damaged (its digest is another)"),
    ],
)
def test_state_that_a_step_cannot_use_is_a_line(
    state: bytes, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failure, "error", None)
    sink: Any = next(one for one in flow([]).substeps if hasattr(one, "sink")).sink
    with pytest.raises(UserMistake) as error:
        sink.build_part("f.out", "only", state)
    (line,) = str(error.value).splitlines()
    assert line.startswith(f"saved state: f.out, only: {told}")
    assert line.endswith(
        "; put back a copy of the whole recovery directory, or start with an empty one"
    )
