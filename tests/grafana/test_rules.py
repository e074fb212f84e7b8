"""Every rule's queries, reduce and threshold, on what a real run of the flow stored."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from tests.grafana.filled import NAMES, Filled
from tests.grafana.rendering import rules
from tests.grafana.rules import evaluate

MINUTE_MS = 60_000


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

        last_ms = told[-1][0]
        long_after = evaluate(store.influxdb, store.bucket, rule, last_ms + 6 * MINUTE_MS)
        active = _last_states(told, _tags(rule))
        if alert == "event_level" or alert in store.subject.moments:
            active = set()
        still = {_key(dict(labels), _tags(rule)) for labels, on in long_after.fires.items() if on}
        assert still == active
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


def _last_states(told: list[tuple[int, Mapping[str, Any]]], tags: list[str]) -> set[Any]:
    """Series whose last record says that they are firing."""
    last: dict[Any, bool] = {}
    for _, row in told:
        last[_key(row, tags)] = row["active"] == 1
    return {key for key, active in last.items() if active}


def _key(row: Mapping[str, Any], tags: list[str]) -> tuple[tuple[str, str], ...]:
    return tuple((tag, row[tag]) for tag in tags if row.get(tag))
