"""Events out of order, over several partitions, to anomalies and alerts: the steps together."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import bytewax.operators as op
import pytest
from bytewax.dataflow import Dataflow
from bytewax.testing import TestingSink, TestingSource

from operators.alerts.operator import alert
from operators.alerts.plan import plan_alerts
from operators.detectors.operator import detect
from operators.detectors.plan import plan_anomalies
from operators.ordering.operator import order_events
from operators.ordering.plan import merge_orderings
from tests.operators.keygroups.engine import run, run_crashing
from tests.operators.ordering.events import batch
from tidegauge.batch import EventBatch
from tidegauge.records import RecordBatch
from tidegauge.spec.models import Pipeline

PIPELINE = Pipeline.model_validate(
    {
        "version": 1,
        "pipeline": "test",
        "sources": {
            "payments": {
                "kafka": {"topic": "payments"},
                "event_time": {"field": "ts"},
                "fields": {"card": {"type": "string"}, "amount": {"type": "float"}},
            }
        },
        "anomalies": {
            "odd": {"on": "payments.amount", "by": ["card"], "warm_up": 5, "history": 20}
        },
        "alerts": {
            "odd_amount": {"when": "anomaly(odd)", "summary": "{card} paid {value}"},
            "large": {"when": "payments.amount > 500", "clear": "payments.amount < 15"},
        },
    }
)
Item = tuple[str, RecordBatch]


def _log(size: int) -> list[EventBatch]:
    """Payments of six cards in two partitions, up to 4 behind; card `a` once pays 900."""
    batches = []
    events: list[list[tuple[int, int, str, float]]] = [[], []]
    for number in range(240):
        at, card = number - number * 7 % 5, "abcdef"[number % 6]
        amount = 900.0 if number == 150 else 10.0 + number * 13 % 8
        events[number % 2].append((number // 2, at, card, amount))
    for start in range(0, 120, size):
        for partition in (0, 1):
            part = events[partition][start : start + size]
            high = max(event[1] for event in events[partition][: start + size])
            batches.append(batch(part, high, partition, partitions=2, unit_ns=10**9))
    return [
        *batches,
        *(batch([], 10_000, partition, partitions=2, unit_ns=10**9) for partition in (0, 1)),
    ]


def _flow(source: Sequence[EventBatch | TestingSource.ABORT], out: list[Item]) -> Dataflow:
    anomalies, alerts = plan_anomalies(PIPELINE), plan_alerts(PIPELINE)
    needed = [*(plan.ordering for plan in anomalies), *(plan.ordering for plan in alerts)]
    flow = Dataflow("events")
    up = op.input("in", flow, TestingSource(source))
    ordered = order_events("order", up, merge_orderings(needed, "payments"), 4)
    verdicts = detect("detect", ordered, anomalies, clock_ns=lambda: 0)
    made = alert("alert", op.merge("all", ordered, verdicts), alerts, clock_ns=lambda: 0)
    op.output("out", made, TestingSink(out))
    return flow


def _records(out: list[Item]) -> list[dict[str, Any]]:
    """All records by time; what came again after a crash must be the same and counts once."""
    rows: dict[tuple[int, str, str], dict[str, Any]] = {}
    for _, made in out:
        for row in made.frame.to_dicts():
            assert rows.setdefault((row["time_ns"], row["alert"], row["state"]), row) == row
    return [rows[key] for key in sorted(rows)]


def _whole() -> list[dict[str, Any]]:
    out: list[Item] = []
    run(_flow(_log(20), out))
    return _records(out)


def test_the_large_payment_is_an_anomaly_of_its_card_and_fires_until_it_is_clear() -> None:
    rows = _whole()
    odd = [row for row in rows if row["alert"] == "odd_amount"]
    assert [(row["state"], row["card"], row["value"]) for row in odd] == [
        ("firing", "a", 900.0),
        ("resolved", "a", 14.0),
    ]
    assert odd[0]["summary"] == "a paid 900"
    large = [row for row in rows if row["alert"] == "large"]
    assert [row["state"] for row in large][:: len(large) - 1] == ["firing", "resolved"]
    assert large[0]["time_ns"] == odd[0]["time_ns"]
    assert large[-1]["value"] < 15 <= min(row["value"] for row in large[:-1])


@pytest.mark.parametrize(("size", "workers"), [(1, 1), (7, 1), (120, 1), (7, 2)])
def test_any_batches_and_workers_give_the_same(size: int, workers: int) -> None:
    out: list[Item] = []
    run(_flow(_log(size), out), workers)
    assert _records(out) == _whole()


def test_a_crash_anywhere_changes_nothing(tmp_path: Path) -> None:
    log, whole = _log(20), _whole()
    for at in range(1, len(log), 4):
        out: list[Item] = []
        run_crashing(_flow([*log[:at], TestingSource.ABORT(), *log[at:]], out), tmp_path / str(at))
        assert _records(out) == whole
