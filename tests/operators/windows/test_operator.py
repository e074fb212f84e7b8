"""Windows on the engine: workers, batches and crashes change nothing."""

import json
import random
from pathlib import Path
from typing import Any

import bytewax.operators as op
import pytest
from bytewax.dataflow import Dataflow, Stream
from bytewax.testing import TestingSink

from connectors.codecs.json_columns import JsonColumns
from connectors.memory.source import Held, MemorySource
from operators.intake.intake import Intake, IntakeState
from operators.intake.plan import plan_intake
from operators.progress.board import ProgressBoard
from operators.windows.operator import windows
from tests.connectors.memory.crashing import CrashingSource
from tests.operators.keygroups.engine import run, run_crashing
from tests.operators.windows.harness import FAR_MS, make_plan, make_source
from tests.operators.windows.reference import SELECT, Judge, Results, aggregates, results
from tests.operators.windows.test_against_reference import assert_same, rows
from tidegauge.batch import EventBatch
from tidegauge.records import RecordBatch

BOUND, LATENESS, SIZE, EVERY = 20, 60, 100, 50
SOURCE = make_source(bound=BOUND, lateness=LATENESS)
SLIDING = make_plan(SOURCE, size=SIZE, every=EVERY, by=["k"], select=SELECT)
TOTAL = make_plan(SOURCE, size=SIZE, name="total", where="v > 0", select=SELECT)
Item = tuple[str, RecordBatch]


def _log(seed: int) -> list[list[dict[str, Any]]]:
    rng = random.Random(seed)
    log: list[list[dict[str, Any]]] = [[], [], []]
    for step in range(400):
        late = rng.choice([0] * 8 + [rng.randrange(20), rng.randrange(200)])
        event = {
            "ts": 3 * step - late,
            "k": rng.choice(["a", "b", "c", "d", "e", None]),
            "b": rng.choice([True, False, None]),
            "v": rng.choice([None, rng.gauss(-1, 5)]),
            "q": rng.randrange(-5, 5),
        }
        log[rng.randrange(3)].append(event)
    return log


LOG = _log(3)
JUDGE = Judge(3, BOUND, LATENESS)
for _number, _events in enumerate(LOG):
    JUDGE.events(_number, _events)
EXPECTED = {
    "w": results(JUDGE, size=SIZE, every=EVERY, by=["k"], where=lambda _: True, fields=aggregates),
    "total": results(
        JUDGE,
        size=SIZE,
        every=SIZE,
        by=[],
        where=lambda event: event["v"] is not None and event["v"] > 0,
        fields=aggregates,
    ),
}


def make_source_of_log(batch_size: int, at: int = -1) -> CrashingSource:
    messages = [[Held(json.dumps(one).encode(), FAR_MS) for one in part] for part in LOG]
    board = ProgressBoard()
    plan = plan_intake("s", SOURCE, JsonColumns)

    def make_intake(number: int, state: IntakeState | None) -> Intake:
        return Intake(plan, number, len(LOG), board, state or IntakeState())

    return CrashingSource(messages, make_intake, batch_size, at)


def _flow(source: MemorySource, out: list[Item], key_groups: int = 4) -> Dataflow:
    flow = Dataflow("windows")
    batches: Stream[EventBatch] = op.input("in", flow, source)
    made = windows("windows", batches, [SLIDING, TOTAL], key_groups, lambda: 0)
    op.output("out", made, TestingSink(out))
    return flow


def check_records(out: list[Item], *, crashed: bool = False) -> None:
    """The rows are the expected ones; after a crash some may come again, and are the same."""
    for name, by in (("w", ["k"]), ("total", [])):
        found: Results = {}
        for _, record in out:
            if record.signal == name:
                made = rows(record.frame, by)
                assert crashed or not found.keys() & made.keys()
                assert_same(made, {place: EXPECTED[name][place] for place in made}, SIZE)
                found |= made
        assert found.keys() == EXPECTED[name].keys()


def test_the_log_has_something_of_everything() -> None:
    assert len(JUDGE.on_time) > 300
    assert len(JUDGE.corrections) > 10
    assert JUDGE.dead > 5


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("batch_size", [7, 1_000])
def test_workers_and_batches_change_nothing(workers: int, batch_size: int) -> None:
    out: list[Item] = []
    run(_flow(make_source_of_log(batch_size), out), workers)
    check_records(out)


@pytest.mark.parametrize("key_groups", [1, 16])
def test_the_number_of_key_groups_changes_nothing(key_groups: int) -> None:
    out: list[Item] = []
    run(_flow(make_source_of_log(50), out, key_groups))
    check_records(out)


def test_all_rows_of_a_key_come_from_one_group() -> None:
    out: list[Item] = []
    run(_flow(make_source_of_log(50), out))
    groups: dict[str | None, set[str]] = {}
    for group, record in out:
        for key in record.frame["k"] if record.signal == "w" else []:
            groups.setdefault(key, set()).add(group)
    assert all(len(found) == 1 for found in groups.values())
    assert len(groups) == 6


@pytest.mark.parametrize("at", [1, 2, 8, 15, 24])
def test_a_crash_anywhere_loses_and_doubles_nothing(at: int, tmp_path: Path) -> None:
    out: list[Item] = []
    run_crashing(_flow(make_source_of_log(20, at), out), tmp_path / "store")
    check_records(out, crashed=True)
