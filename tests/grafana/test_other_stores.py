"""Queries over stores that the examples do not make: odd names, a thousand keys."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
import pytest
from influxdb_client.client.write_api import SYNCHRONOUS

from connectors.influxdb.lines import encode_lines
from grafana.subject import Subject, subject_of
from tests.grafana.asking import Asking
from tests.grafana.macros import Choice
from tests.grafana.rendering import dashboards, panels, rules
from tests.grafana.rules import evaluate
from tests.grafana.shop import shop
from tests.services.influxdb import InfluxDB
from tests.services.names import unique
from tidegauge.records import RecordBatch
from tidegauge.signals import Signal
from tidegauge.spec.models import Pipeline

S = 1_000_000_000
END_S = 1_800_000_000
SENTENCE = {"summary": "it happened"}


def store(
    influxdb: InfluxDB, subject: Subject, records: Mapping[str, Sequence[Mapping[str, Any]]]
) -> None:
    """Write records of signals, given as what is not zero in them."""
    catalogue = subject.catalogue
    with influxdb.client() as client:
        api = client.write_api(SYNCHRONOUS)
        for name, rows in records.items():
            frame = pl.DataFrame([{**_zeros(catalogue[name]), **row} for row in rows])
            lines = encode_lines(RecordBatch(name, frame), catalogue[name], catalogue.constant_tags)
            api.write(subject.store.bucket, record=lines)


def _zeros(signal: Signal) -> dict[str, Any]:
    return {column.name: column.type.dtype.to_python()() for column in signal.fields}


@pytest.fixture(scope="module")
def odd(influxdb: InfluxDB) -> Subject:
    """A store of the shop, whose names are what no shell would take."""
    bucket = influxdb.bucket(f"shop, and 'more' {unique('b')}")
    subject = shop(output={"influxdb": {"bucket": bucket}})
    users = ["a/b", "it's", 'say "so"', "(x|y)*", "back\\slash", ".*"]
    keys = [(user, number) for user in users for number in (1, 2)]
    end = {"time_ns": END_S * S}
    records: dict[str, list[dict[str, Any]]] = {
        "sales": [
            {**end, "user id": user, "shop": number, "revenue": 5.0 * place, "dearest": 1.0}
            for place, (user, number) in enumerate(keys, 1)
        ],
        "pace": [{**end, "interval": None, "orders": 3}, {**end, "interval": "1m", "orders": 7}],
        "total": [{**end, "orders": 200}],
        "odd": [{**end, "anomaly": "odd", "interval": "1m", "value": 9.0, "expected": 1.0}],
        "alerts": [
            {**end, **SENTENCE, "alert": "low", "level": 9, "user id": "a/b", "shop": 1,
             "interval": None, "anomaly": None, "active": 1, "state": "firing", "id": "x"},
            {**end, **SENTENCE, "alert": "event_level", "level": 8, "user id": None, "shop": None,
             "interval": None, "anomaly": None, "active": 1, "state": "firing", "id": "y"},
        ],
    }  # fmt: skip
    store(influxdb, subject, records)
    return subject


def test_every_query_is_taken_whatever_names_are_in_it(influxdb: InfluxDB, odd: Subject) -> None:
    dashboard = Asking(influxdb, dashboards([odd])["shop"], END_S * 1_000 + 1)
    dashboard.choose({})
    for panel in panels(dashboard.board):
        for target, found in dashboard.answers(panel):
            assert found, f"{panel['title']}: {target['query']}"


@pytest.mark.parametrize("user", ["a/b", "it's", 'say "so"', "(x|y)*", "back\\slash", ".*"])
def test_a_value_that_is_chosen_means_itself(influxdb: InfluxDB, odd: Subject, user: str) -> None:
    dashboard = Asking(influxdb, dashboards([odd])["shop"], END_S * 1_000 + 1)
    dashboard.choose({odd.variables["user id"]: Choice([user])})
    panel = next(panel for panel in panels(dashboard.board) if panel["title"] == "revenue")
    ((_, found),) = dashboard.answers(panel)
    assert {series.tags["user id"] for series in found} == {user}
    assert {series.tags["shop"] for series in found} == {"1", "2"}


def test_where_low_values_are_critical_the_lowest_are_named(
    influxdb: InfluxDB, odd: Subject
) -> None:
    dashboard = Asking(influxdb, dashboards([odd])["shop"], END_S * 1_000 + 1)
    dashboard.choose({})
    by_title = {panel["title"]: panel for panel in panels(dashboard.board)}
    ((_, (worst,)),) = dashboard.answers(by_title["revenue: lowest now"])
    assert worst.column("revenue") == [5.0 * place for place in range(1, 11)]
    ((_, (dial,)),) = dashboard.answers(by_title["revenue now"])
    assert dial.column("revenue") == [5.0]


def test_rules_of_odd_keys_fire_for_these(influxdb: InfluxDB, odd: Subject) -> None:
    found = evaluate(influxdb, odd.store.bucket, rules(odd)["low"], END_S * 1_000 + 1)
    firing = [dict(labels) for labels, fires in found.fires.items() if fires]
    assert firing == [{"user id": "a/b", "shop": "1", "team": "a$b"}]


MACHINES = 1_000
STEPS = 90


def test_a_thousand_keys_are_drawn_as_few_lines(influxdb: InfluxDB) -> None:
    """The heat map alone looks at all of them."""
    subject = many(influxdb)
    dashboard = Asking(influxdb, dashboards([subject])["floor"], END_S * 1_000, span="15m")
    dashboard.choose({})
    assert len(dashboard.values("machine")) == MACHINES
    assert len(dashboard.choices["drawn_floor_0"].values) == 20 + 5
    assert "machine-7" in dashboard.choices["drawn_floor_0"].values, "it has anomalies"
    for panel in panels(dashboard.board):
        for _, found in dashboard.answers(panel):
            values = sum(len(series.rows) for series in found)
            if panel["type"] == "heatmap":
                assert len(found) == MACHINES
                assert values <= MACHINES * (60 + 1)
            else:
                assert len(found) <= 40, panel["title"]
                assert values <= 40 * STEPS * 2, panel["title"]


def many(influxdb: InfluxDB) -> Subject:
    """A thousand machines, a quarter of an hour of results every ten seconds."""
    pipeline = Pipeline.model_validate(
        {
            "version": 1,
            "pipeline": "floor",
            "sources": {
                "readings": {
                    "kafka": {"topic": "readings"},
                    "event_time": {"field": "time"},
                    "fields": {"machine": {"type": "string"}, "heat": {"type": "float"}},
                }
            },
            "windows": {
                "floor": {
                    "from": "readings",
                    "tumbling": {"size": "10s"},
                    "by": ["machine"],
                    "select": {"heat": {"expr": "avg(heat)", "thresholds": {"critical": 800}}},
                }
            },
            "anomalies": {"odd": {"on": "floor.heat"}},
            "alerts": {"hot": {"when": "floor.heat > 900", "level": 9}},
            "output": {"influxdb": {"bucket": influxdb.bucket()}},
        }
    )
    subject = subject_of(pipeline)
    numbers = pl.int_range(MACHINES, eager=True).alias("number")
    machines = pl.DataFrame(numbers).select(
        pl.format("machine-{}", "number").alias("machine"),
        pl.col("number").cast(pl.Float64).alias("heat"),
    )
    times = pl.DataFrame({"time_ns": [(END_S - 10 * step) * S for step in range(STEPS)]})
    frame = times.join(machines, how="cross").with_columns(
        pl.lit(0).alias("revision"), pl.lit(1).alias("data_points"), pl.lit(1.0).alias("latency_ms")
    )
    signal = subject.catalogue["floor"]
    with influxdb.client() as client:
        for part in frame.iter_slices(10_000):
            lines = encode_lines(
                RecordBatch("floor", part), signal, subject.catalogue.constant_tags
            )
            client.write_api(SYNCHRONOUS).write(subject.store.bucket, record=lines)
    odd = [
        {"time_ns": END_S * S, "machine": f"machine-{number}", "anomaly": "odd", "value": 1.0}
        for number in (3, 7, 11, 13, 17)
    ]
    store(influxdb, subject, {"odd": odd})
    return subject
