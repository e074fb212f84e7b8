"""A null key is `(none)` wherever keys are texts, and null where values keep their types."""

import json
from pathlib import Path
from typing import Any

import pytest

from connectors.embedded.reader import query
from connectors.influxdb.lines import LineEncoder
from connectors.kafka.routes import Routes
from connectors.live.hub import Hub
from tests.names.flow import Made, held, run, write_everywhere
from tidegauge.catalogue import catalogue_of
from tidegauge.spec.models import Pipeline

SETTINGS = {"detector": "robust_z", "warm_up": 3}


def pipeline(kind: str) -> Pipeline:
    """Everything that has key columns, by one of this type; windows by another one, too."""
    source = {
        "kafka": {"topic": "s"},
        "event_time": {"field": "at", "format": "epoch_s", "out_of_orderness": "0s"},
        "fields": {"k": {"type": kind}, "other": {"type": "string"}, "v": {"type": "float"}},
    }
    window = {"from": "s", "tumbling": {"size": "10s"}, "select": {"n": "count(*)", "m": "max(v)"}}
    return Pipeline.model_validate(
        {
            "version": 1,
            "pipeline": "p",
            "sources": {"s": source},
            "windows": {"w": {**window, "by": ["k"]}, "by_other": {**window, "by": ["other"]}},
            "patterns": {
                "p": {"from": "s", "by": ["k"], "match": "a", "define": {"a": "v > 50"}},
            },
            "anomalies": {
                "odd": {"on": "w.m", **SETTINGS},
                "odd_event": {"on": "s.v", "by": ["k"], **SETTINGS},
            },
            "alerts": {
                "high": {"when": "w.m > 50", "level": 9},
                "found": {"when": "match(p)", "level": 9},
                "odd": {"when": "anomaly(odd)", "level": 9},
                "event": {"when": "s.v > 50", "level": 9, "summary": "{k} has {value}"},
            },
            "output": {"kafka": {}},
        }
    )


def made(of: Pipeline) -> Made:
    calm = [{"at": 10 * at + 1, "other": "x", "v": 1.0} for at in range(8)]
    urgent = {"at": 82, "other": "x", "v": 99.0, "alert_level": 9}
    return run(of, held([*calm, urgent, {"at": 95, "other": "x", "v": 1.0}]))


KEYED = ("w", "p", "odd", "odd_event")


@pytest.fixture(params=["string", "int", "bool"], scope="module")
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    of = pipeline(request.param)
    records = made(of)
    path = tmp_path_factory.mktemp("none") / "s.db"
    return of, records, path, write_everywhere(of, records, path)


Case = tuple[Pipeline, Made, Path, Hub]


def test_sqlite(case: Case) -> None:
    *_, path, _ = case
    for table in ("w", "p", "anomalies"):
        assert set(query(path, f'SELECT k FROM "{table}"')["k"]) == {"(none)"}, table
    told = query(path, "SELECT DISTINCT alert, k, other FROM alerts ORDER BY alert")
    # A key that an alert does not have is no null key.
    assert [tuple(row) for row in told.itertuples(index=False)] == [
        ("event", "", ""),
        ("event_level", "(none)", "x"),
        ("found", "(none)", ""),
        ("high", "(none)", ""),
        ("odd", "(none)", ""),
    ]


def test_influxdb(case: Case) -> None:
    of, records, *_ = case
    catalogue = catalogue_of(of)
    for batch in records.stored:
        for line in LineEncoder(catalogue[batch.signal], {}).lines(batch):
            has_key = batch.signal in KEYED or any(
                f"alert={alert}" in line for alert in ("found", "high", "odd", "event_level")
            )
            assert (",k=(none)" in line) == has_key, line
            assert ",k=" not in line.replace(",k=(none)", "")


def test_texts(case: Case) -> None:
    _, records, *_ = case
    texts = {row["alert"]: row["summary"] for row in records.rows("alerts")}
    assert texts["high"].startswith("high: w.m > 50 for k (none) (")
    # It is resolved by another event, and says what it fired with.
    assert texts["event"] == "(none) has 99"


def test_live_page(case: Case) -> None:
    *_, hub = case
    assert {each.keys["k"] for each in hub.series.values() if each.signal == "w"} == {"(none)"}
    assert {tuple(each.keys.items()) for each in hub.anomalies.since(-1)} == {(("k", "(none)"),)}
    keys = {each.record["alert"]: each.keys for each in hub.alerts.since(-1)}
    assert keys["high"] == keys["found"] == {"k": "(none)"}
    assert keys["event"] == {}


def test_kafka_keeps_the_types_of_keys(case: Case) -> None:
    of, records, *_ = case
    routes = Routes(catalogue_of(of), of.output.kafka, "dead")
    found = [
        json.loads(message.value or b"")["tags"]
        for batch in records.sent
        for message in routes(batch)
    ]
    assert {tags["k"] for tags in found if "k" in tags} == {None}
