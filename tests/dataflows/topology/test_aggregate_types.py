"""Each aggregate is of the type that the catalogue says: in InfluxDB, in SQLite, on a dashboard."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from connectors.embedded.reader import open_store
from connectors.embedded.store import Store
from connectors.influxdb.lines import LineEncoder
from connectors.influxdb.writer import LineWriter, WriteLimits
from grafana.subject import subject_of
from operators.windows.plan import plan_window
from tests.connectors.influxdb.servers import settings_of
from tests.grafana.rendering import dashboards, panels
from tests.operators.windows.harness import FIELDS, Flow
from tests.services.influxdb import InfluxDB
from tidegauge.catalogue import Catalogue, catalogue_of, event_columns
from tidegauge.records import RecordBatch
from tidegauge.spec.models import Pipeline

AGGREGATES = {
    "count": ("count(v)", "integer"),
    "sum_int": ("sum(q)", "integer"),
    "sum": ("sum(v)", "float"),
    "avg": ("avg(q)", "float"),
    "max_bool": ("max(b)", "integer"),
    "min": ("min(v)", "float"),
    "std_dev": ("std_dev(q)", "float"),
    "variance": ("variance(q)", "float"),
    "first_text": ("first(k)", "string"),
    "last_int": ("last(q)", "integer"),
    "last_bool": ("last(b)", "boolean"),
    "last": ("last(v)", "float"),
    "delta_int": ("delta(q)", "integer"),
    "delta": ("delta(v)", "float"),
    "rate": ("rate()", "float"),
    "rise": ("rate(q)", "float"),
    "median": ("median(q)", "float"),
    "distinct": ("distinct(k)", "integer"),
    "top": ("top(k, 2)", "string"),
    "ratio": ("count(*) FILTER (WHERE b) / count(*)", "float"),
}
IN_SQLITE = {"string": "text", "float": "real", "integer": "integer", "boolean": "integer"}
ON_DASHBOARD = {"string": "state-timeline", "boolean": "state-timeline"}

PIPELINE = Pipeline.model_validate(
    {
        "version": 1,
        "pipeline": "types",
        "sources": {
            "s": {
                "kafka": {"topic": "t"},
                "event_time": {"field": "ts", "format": "epoch_ms"},
                "fields": {name: {"type": kind} for name, kind in FIELDS.items()},
            }
        },
        "windows": {
            "w": {
                "from": "s",
                "tumbling": {"size": "10s"},
                "select": {name: expr for name, (expr, _) in AGGREGATES.items()},
            }
        },
        "output": {"influxdb": {"bucket": "types"}},
    }
)


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return catalogue_of(PIPELINE)


@pytest.fixture(scope="module")
def batch() -> RecordBatch:
    """The record of one window of three events."""
    source = PIPELINE.sources["s"]
    plan = plan_window("w", PIPELINE.windows["w"], event_columns(source, {}), 0)
    flow = Flow(source, [plan])
    event = {"j": 1, "x": 1.0, "k": 'say "a"', "b": True}
    events: list[dict[str, Any]] = [
        {**event, "ts": n * 100, "v": n / 2, "q": n * n} for n in range(1, 4)
    ]
    flow.events(0, events)
    flow.finish()
    (record,) = flow.records
    return record


def test_in_influxdb(influxdb: InfluxDB, catalogue: Catalogue, batch: RecordBatch) -> None:
    bucket, refused = influxdb.bucket(), list[bytes]()
    writer = LineWriter(
        settings_of(influxdb), bucket, lambda line, _: refused.append(line), WriteLimits()
    )
    writer.write(LineEncoder(catalogue["w"], catalogue.constant_tags).lines(batch))
    found = influxdb.influxql(bucket, 'SHOW FIELD KEYS FROM "w"')
    kinds = {row["fieldKey"]: row["fieldType"] for row in found}
    assert refused == []
    assert {name: kinds[name] for name in AGGREGATES} == {
        name: kind for name, (_, kind) in AGGREGATES.items()
    }
    (row,) = influxdb.influxql(bucket, 'SELECT "top", "first_text" FROM "w"')
    assert (row["top"], row["first_text"]) == ('[["say \\"a\\"",3]]', 'say "a"')


def test_in_sqlite(tmp_path: Path, catalogue: Catalogue, batch: RecordBatch) -> None:
    store = Store(tmp_path / "store.db", catalogue)
    store.write([batch])
    store.close()
    asked = ", ".join(f'typeof("{name}") AS "{name}"' for name in AGGREGATES)
    with closing(open_store(tmp_path / "store.db")) as connection:
        connection.row_factory = sqlite3.Row
        (row,) = connection.execute(f"SELECT {asked} FROM w")
    assert dict(row) == {name: IN_SQLITE[kind] for name, (_, kind) in AGGREGATES.items()}


def test_on_a_dashboard() -> None:
    """What is no number is a state, never a line."""
    board = dashboards([subject_of(PIPELINE)])["types"]
    drawn = {panel["title"]: panel["type"] for panel in panels(board)}
    for name, (_, kind) in AGGREGATES.items():
        assert drawn[name] == ON_DASHBOARD.get(kind, "timeseries"), name
