"""Every rule's queries, reduce and threshold, on what a real run of the flow stored."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from grafana.alerting.levels import CRITICAL_ABOVE, pace
from tests.grafana.expected import Expected, Record
from tests.grafana.filled import NAMES, Filled
from tests.grafana.rendering import rules
from tests.grafana.rules import evaluate
from tidegauge.catalogue import EVENT_LEVEL
from tidegauge.durations import UNITS_NS

MINUTE_S, MINUTE_MS = 60, 60_000


def changes(store: Filled, alert: str) -> list[tuple[int, Mapping[str, Any]]]:
    """Records of an alert with their times in milliseconds, in order."""
    rows = [row for row in store.copy.records("alerts") if row["alert"] == alert]
    return sorted(((int(row["time_ns"]) // 1_000_000, row) for row in rows), key=lambda row: row[0])


@pytest.mark.parametrize("name", NAMES)
def test_every_rule_fires_where_the_flow_said_so_and_nowhere_else(
    name: str, stores: Mapping[str, Filled], checked: Counter[str]
) -> None:
    store = stores[name]
    found = rules(store.subject)
    assert set(found) == {*store.copy.pipeline.alerts, "event_level", "flow_stopped"}
    for alert, rule in found.items():
        if alert == "flow_stopped":
            continue
        told = changes(store, alert)
        first_ms, row = next((at, row) for at, row in told if row["active"] == 1)
        keys = {tag: row[tag] for tag in _tags(rule) if row.get(tag) is not None}

        before = evaluate(store.influxdb, store.bucket, rule, first_ms - 1)
        assert not any(before.fires.values()), alert

        during = evaluate(store.influxdb, store.bucket, rule, first_ms + 1)
        fires = [dict(labels) for labels, fires in during.fires.items() if fires]
        assert keys in [{k: v for k, v in labels.items() if v} for labels in fires], alert
        if "E" in during.numbers:
            values = [during.numbers["E"][labels] for labels, on in during.fires.items() if on]
            assert row["value"] in [pytest.approx(value) for value in values]

        expected = _expected(store, rule, alert)
        told_s = max(record.told_s for record in expected.records)
        for after_s in (0.1, MINUTE_S, 6 * MINUTE_S, 20 * MINUTE_S, 70 * MINUTE_S):
            at_s = told_s + after_s
            at_ms = round(at_s * 1_000)
            later = evaluate(store.influxdb, store.bucket, rule, at_ms, live=True)
            expected.check(later.texts(rule), at_s)
        checked["rules evaluated"] += 1


@pytest.mark.parametrize("name", NAMES)
def test_a_flow_that_stopped_is_told_of_and_one_that_runs_is_not(
    name: str, stores: Mapping[str, Filled], checked: Counter[str]
) -> None:
    store = stores[name]
    rule = rules(store.subject)["flow_stopped"]
    last_ms = max(store.times_ms("flow"))
    for after_ms, fires in ((1_000, [False]), (3 * MINUTE_MS, [True]), (70 * MINUTE_MS, [])):
        result = evaluate(store.influxdb, store.bucket, rule, last_ms + after_ms)
        assert list(result.fires.values()) == fires, after_ms
    before = min(store.times_ms("flow")) - 1
    assert not evaluate(store.influxdb, store.bucket, rule, before).fires
    checked["rules evaluated"] += 1


def _tags(rule: Mapping[str, Any]) -> list[str]:
    """What the series of a rule are told apart by."""
    grouped = rule["data"][0]["model"]["query"].rpartition(" GROUP BY ")[2]
    return [tag.strip('"') for tag in grouped.split(", ")]


def _expected(store: Filled, rule: Mapping[str, Any], alert: str) -> Expected:
    pipeline = store.copy.pipeline
    level = pipeline.alerts[alert].level if alert in pipeline.alerts else CRITICAL_ABOVE + 1
    records = [
        Record(
            tuple(sorted((tag, row.get(tag) or "") for tag in _tags(rule))),
            at_ms / 1_000,
            (at_ms + row["delay_ms"]) / 1_000,
            row["active"] == 1,
            # The rule knows no fields of events.
            None if alert == EVENT_LEVEL else row["summary"],
        )
        for at_ms, row in changes(store, alert)
    ]
    moment = alert == EVENT_LEVEL or alert in store.subject.moments
    back_s = rule["data"][0]["relativeTimeRange"]["from"]
    step_s = pace(level).evaluation_ns / UNITS_NS["s"]
    return Expected(records, pipeline, step_s, back_s, moment)
