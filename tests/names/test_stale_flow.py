"""Alerts of keys that are gone, through the whole flow: windows, verdicts, events, forecasts."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.names.flow import Made, held, run, write_everywhere
from tidegauge.spec.models import Pipeline

PIPELINE: dict[str, Any] = {
    "version": 1,
    "pipeline": "gone",
    "sources": {
        "s": {
            "kafka": {"topic": "s"},
            "event_time": {"field": "at", "format": "epoch_s", "out_of_orderness": "0s"},
            "fields": {"card": {"type": "string"}, "amount": {"type": "float"}},
        }
    },
    "windows": {
        "w": {
            "from": "s",
            "tumbling": {"size": "10s"},
            "by": ["card"],
            "select": {"total": "sum(amount)"},
        }
    },
    "anomalies": {
        "odd": {"on": "w.total", "detector": "robust_z", "warm_up": 3},
        "odd_event": {"on": "s.amount", "by": ["card"], "detector": "robust_z", "warm_up": 3},
    },
    "alerts": {
        "high": {"when": "w.total > 50", "level": 9},
        "odd": {"when": "anomaly(odd)"},
        "odd_event": {"when": "anomaly(odd_event)"},
        "event": {"when": "s.amount > 50", "summary": "{card} paid {amount}"},
    },
}


def made(batch: int, more: int = 0, **changes: Any) -> Made:
    """Cards that each pay much once and are gone; one card goes on for half an hour."""
    cards = [f"c{n}" for n in range(20)]
    calm = [{"at": 10 * at, "card": card, "amount": 5.0} for at in range(6) for card in cards]
    large = [{"at": 61, "card": card, "amount": 99.0} for card in cards]
    after = [{"at": at, "card": "on", "amount": 1.0} for at in range(70, 1_900 + more, 10)]
    pipeline = Pipeline.model_validate(PIPELINE | changes)
    return run(pipeline, held([*calm, *large, *after]), batch=batch)


def ended(run_: Made, alert: str) -> Counter[str]:
    last = {
        row["card"]: row["state"]
        for row in sorted(run_.rows("alerts"), key=lambda row: row["time_ns"])
        if row["alert"] == alert
    }
    return Counter(last.values())


@pytest.mark.parametrize("alert", ["high", "odd", "odd_event"])
def test_alerts_of_keys_that_are_gone_end_as_stale(alert: str) -> None:
    assert ended(made(50), alert)["stale"] == 20


def test_an_alert_about_events_says_what_the_event_holds() -> None:
    rows = [row for row in made(50).rows("alerts") if row["alert"] == "event"]
    assert rows[0]["summary"] == "c0 paid 99"
    assert {row["state"] for row in rows} == {"firing", "resolved"}


@pytest.mark.parametrize(
    "shape",
    [
        {"tumbling": {"size": "10s"}},
        {"tumbling": {"size": "10s"}, "early": "5s"},
        {"session": {"gap": "5s"}},
        {"count": {"size": 1}},
    ],
)
@pytest.mark.parametrize(("kind", "other"), [("string", "on"), ("int", 7)])
def test_a_null_key_that_is_gone_ends_too(
    shape: dict[str, Any], kind: str, other: str | int
) -> None:
    source = PIPELINE["sources"]["s"]
    fields = {**source["fields"], "card": {"type": kind}}
    window = {"from": "s", "by": ["card"], "select": {"total": "sum(amount)"}, **shape}
    alerts = {"high": {"when": "w.total > 50", "stale_after": "20m"}}
    once = [{"at": 1, "amount": 99.0}]
    after = [{"at": at, "card": other, "amount": 1.0} for at in range(70, 1_900, 10)]
    sources = {"s": {**source, "fields": fields}}
    changes = {"sources": sources, "windows": {"w": window}, "anomalies": {}, "alerts": alerts}
    told = run(Pipeline.model_validate(PIPELINE | changes), held([*once, *after]), batch=50)
    assert [row["state"] for row in told.rows("alerts")] == ["firing", "stale"]


@pytest.mark.parametrize("batch", [1, 7, 10_000])
def test_any_batches_end_them_alike(batch: int) -> None:
    def told(run_: Made) -> list[tuple[Any, ...]]:
        names = ("time_ns", "alert", "card", "state", "id", "value", "summary", "since_ns")
        return sorted((tuple(row[name] for name in names) for row in run_.rows("alerts")), key=repr)

    assert told(made(batch)) == told(made(50))


def test_a_stated_time_goes_before_the_default() -> None:
    alerts = {"high": {"when": "w.total > 50", "stale_after": "1m"}}
    rows = made(50, alerts=alerts).rows("alerts")
    assert {row["time_ns"] // 10**9 for row in rows if row["state"] == "stale"} == {130}


def test_the_live_page_shows_none_of_them_as_active(tmp_path: Path) -> None:
    hub = write_everywhere(Pipeline.model_validate(PIPELINE), made(50), tmp_path / "s.db")
    assert not [each for each in hub.alerts.active() if each.record["alert"] == "high"]
    states = {each.record["state"] for each in hub.alerts.since(-1)}
    assert "stale" in states


@pytest.mark.parametrize("batch", [100, 10_000])
@pytest.mark.parametrize(
    "anomaly", [{"on": "w.total"}, {"on": "s.amount", "by": ["card"]}], ids=["window", "event"]
)
def test_an_alert_on_the_silence_of_a_key_that_is_gone_fires_once_and_is_stale_a_day_later(
    anomaly: dict[str, Any], batch: int
) -> None:
    events = [
        {"at": 60 * at, "card": card, "amount": float(at * 7 % 5)}
        for at in range(3 * 1_440)
        for card in ("on", "gone")
        if card == "on" or at < 120
    ]
    window = {**PIPELINE["windows"]["w"], "tumbling": {"size": "1m"}}
    silent = {**anomaly, "detector": "flat_line"}
    alerts = {"silent": {"when": "anomaly(silent)"}}
    changes = {"windows": {"w": window}, "anomalies": {"silent": silent}, "alerts": alerts}
    told = run(Pipeline.model_validate(PIPELINE | changes), held(events), batch=batch)
    (first,) = told.rows("silent")
    rows = sorted(told.rows("alerts"), key=lambda row: row["time_ns"])
    assert {row["card"] for row in rows} == {"gone"}
    assert [row["state"] for row in rows if row["state"] != "firing"] == ["stale"]
    assert rows[-1]["state"] == "stale"
    assert rows[-1]["time_ns"] == first["time_ns"] + 86_400 * 10**9
    assert len({row["id"] for row in rows}) == 1
    assert len({row["time_ns"] for row in rows}) == len(rows)
