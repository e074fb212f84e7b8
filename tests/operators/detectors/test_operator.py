from collections.abc import Sequence
from pathlib import Path
from typing import Any

import bytewax.operators as op
from bytewax.dataflow import Dataflow
from bytewax.testing import TestingSink, TestingSource

from operators.detectors.operator import detect
from operators.detectors.plan import plan_anomalies
from operators.keygroups.assign import KeyGroups
from operators.keygroups.names import group_names
from tests.operators.detectors.pipelines import PIPELINE, Row, found, spend, steady
from tests.operators.keygroups.engine import run, run_crashing
from tidegauge.records import RecordBatch

Item = tuple[str, RecordBatch]
GROUPS = 4


def _log() -> list[Item]:
    """Window records of six regions, split by key group, some seconds an item."""
    rows: list[Row] = [row for region in "abcdef" for row in steady(40, region)]
    rows = [(at, r, s, 900.0 if (at, r) in {(20, "a"), (33, "d")} else v) for at, r, s, v in rows]
    items = []
    for start in range(0, 40, 8):
        batch = spend([row for row in rows if start <= row[0] < start + 8])
        for group, part in KeyGroups(GROUPS).split(batch.frame, ["region", "shop"]):
            items.append((group_names(GROUPS)[group], RecordBatch("spend", part)))
    return items


def _flow(source: Sequence[Item | TestingSource.ABORT], out: list[Item]) -> Dataflow:
    flow = Dataflow("detect")
    records = op.input("in", flow, TestingSource(source))
    verdicts = detect("detect", records, plan_anomalies(PIPELINE), clock_ns=lambda: 0)
    op.output("out", verdicts, TestingSink(out))
    return flow


def _verdicts(items: list[Item]) -> list[tuple[Any, ...]]:
    """All verdicts; what came again after a crash must be the same and counts once."""
    rows = {row for _, batch in items for row in batch.frame.rows()}
    assert len(rows) == len({(row[:4]) for row in rows})
    return sorted(rows)


def test_anomalies_are_found_across_key_groups() -> None:
    out: list[Item] = []
    run(_flow(_log(), out))
    rows = found([batch.frame for _, batch in out])
    assert sorted((row["region"], row["start_ns"] // 10**9) for row in rows) == [
        ("a", 20),
        ("d", 33),
    ]


def test_two_workers_give_the_same() -> None:
    one: list[Item] = []
    two: list[Item] = []
    run(_flow(_log(), one))
    run(_flow(_log(), two), workers=2)
    assert _verdicts(one) == _verdicts(two)


def test_a_crash_anywhere_changes_nothing(tmp_path: Path) -> None:
    whole: list[Item] = []
    log = _log()
    run(_flow(log, whole))
    for at in range(1, len(log), 3):
        out: list[Item] = []
        run_crashing(_flow([*log[:at], TestingSource.ABORT(), *log[at:]], out), tmp_path / str(at))
        assert _verdicts(out) == _verdicts(whole)
