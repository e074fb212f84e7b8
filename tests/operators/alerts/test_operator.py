from collections.abc import Sequence
from pathlib import Path
from typing import Any

import bytewax.operators as op
from bytewax.dataflow import Dataflow
from bytewax.testing import TestingSink, TestingSource

from operators.alerts.operator import alert, event_levels
from operators.alerts.plan import plan_alerts
from operators.keygroups.assign import KeyGroups
from operators.keygroups.names import group_names
from tests.operators.alerts.test_event_level import SIGNAL, batch_of
from tests.operators.alerts.timelines import Row, pipeline, records, spend
from tests.operators.keygroups.engine import run, run_crashing
from tidegauge.batch import EventBatch
from tidegauge.records import RecordBatch

Item = tuple[str, RecordBatch]
GROUPS = 4
PLANS = plan_alerts(
    pipeline(
        {
            "high": {"when": "spend.total > 5", "for": "2s", "clear": "spend.total < 3"},
            "low": {"when": "spend.total < 2"},
        }
    )
)


def _log() -> list[Item]:
    """Window records of eight regions, some seconds an item, up and down at different paces."""
    items = []
    for start in range(0, 30, 3):
        rows: list[Row] = [
            (at, region, 1, float(at * pace % 11))
            for at in range(start, start + 3)
            for pace, region in enumerate("abcdefgh", 1)
        ]
        for group, part in KeyGroups(GROUPS).split(spend(rows).frame, ["region", "shop"]):
            items.append((group_names(GROUPS)[group], RecordBatch("spend", part)))
    return items


def _flow(source: Sequence[Item | TestingSource.ABORT], out: list[Item]) -> Dataflow:
    flow = Dataflow("alerts")
    up = op.input("in", flow, TestingSource(source))
    op.output("out", alert("alert", up, PLANS, clock_ns=lambda: 0), TestingSink(out))
    return flow


def _told(items: list[Item]) -> list[tuple[Any, ...]]:
    """All records; what came again after a crash must be the same and counts once."""
    rows = {tuple(row.values()) for row in records([batch for _, batch in items])}
    assert len(rows) == len({row[:5] for row in rows})
    return sorted(rows)


def test_alerts_live_across_key_groups() -> None:
    out: list[Item] = []
    run(_flow(_log(), out))
    rows = records([batch for _, batch in out])
    assert {row["region"] for row in rows} == set("abcdefgh")
    assert {row["state"] for row in rows} == {"pending", "firing", "resolved", "inactive"}


def test_two_workers_give_the_same() -> None:
    one: list[Item] = []
    two: list[Item] = []
    run(_flow(_log(), one))
    run(_flow(_log(), two), workers=2)
    assert _told(one) == _told(two)


def test_a_crash_anywhere_changes_nothing(tmp_path: Path) -> None:
    whole: list[Item] = []
    log = _log()
    run(_flow(log, whole))
    for at in range(1, len(log), 5):
        out: list[Item] = []
        run_crashing(_flow([*log[:at], TestingSource.ABORT(), *log[at:]], out), tmp_path / str(at))
        assert _told(out) == _told(whole)


def test_events_with_a_level_of_their_own_become_alerts() -> None:
    flow, out = Dataflow("levels"), list[Item]()
    batches: list[EventBatch] = [batch_of([7, 8]), batch_of([None]), batch_of([9])]
    up = op.input("in", flow, TestingSource(batches))
    levels = event_levels("levels", up, "test", SIGNAL, clock_ns=lambda: 0)
    op.output("out", levels, TestingSink(out))
    run(flow)
    assert [(key, batch.frame["level"].to_list()) for key, batch in out] == [
        ("topic-3", [8]),
        ("topic-3", [9]),
    ]
