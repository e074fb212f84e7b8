"""Records written by hand, for what no run of a flow gives: odd keys, silence, chosen times."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from influxdb_client.client.write.point import Point
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.domain.write_precision import WritePrecision

from grafana.subject import Subject, subject_of
from tests.grafana.asking import Asking
from tests.grafana.macros import Choice
from tests.grafana.rendering import dashboards
from tests.grafana.shop import SHOP
from tests.services.influxdb import InfluxDB
from tidegauge.spec.models import Pipeline

S_MS = 1_000
AT_MS = 1_800_000_000_000
"""Now."""
ODD_KEYS = (
    "1004", "00123", "1e5", "0x10", "1_000", "2027-01-15", "true", "NaN", "Infinity",
    "a&b", "a#b", "a+b=c", "100%", "50%25 off", "x/y?z:@", "{1,2}", "a,b", "a|b", "(none)",
    "^.*$", "$name", "${name}", "[[name]]", "'q' \"d\"", "a\\b", "ü ñ 漢 🌊", " padded ", "a  b",
)  # fmt: skip
"""Keys that mean something in an address, a pattern, a query, a variable, or as a number."""

Record = tuple[str, Mapping[str, Any], Mapping[str, str], int]
"""Measurement, fields, tags, time in milliseconds."""


@dataclass(frozen=True)
class Written:
    """A pipeline, and a bucket of its own.

    Attributes:
        influxdb: the server.
        subject: the pipeline.
    """

    influxdb: InfluxDB
    subject: Subject

    def write(
        self,
        measurement: str,
        fields: Mapping[str, Any],
        tags: Mapping[str, str] | None = None,
        at_ms: int = AT_MS,
    ) -> None:
        """Write a record."""
        self.write_all([(measurement, fields, tags or {}, at_ms)])

    def write_all(self, records: Iterable[Record]) -> None:
        """Write records."""
        store = self.subject.store
        points = []
        for measurement, fields, tags, at_ms in records:
            point = Point(measurement).tag("pipeline", store.pipeline)
            for name, value in tags.items():
                point.tag(name, value)
            for name, value in fields.items():
                point.field(name, value)
            points.append(point.time(at_ms, WritePrecision.MS))
        with self.influxdb.client() as client:
            client.write_api(SYNCHRONOUS).write(store.bucket, record=points)

    def beat(self, at_ms: int = AT_MS) -> None:
        """Write what a flow writes every second."""
        tags = {"source": "orders", "topic": "orders", "partition": "0"}
        fields = {"processed": 7, "rate": 1.5, "errors": 0, "state": "active"}
        self.write("flow", fields, tags, at_ms)

    def asking(self, name: str = "", choices: Mapping[str, Choice] | None = None) -> Asking:
        """A dashboard; that of the pipeline by default."""
        board = dashboards([self.subject])[name or self.subject.pipeline.pipeline]
        found = Asking(self.influxdb, board, AT_MS)
        if name == "flow":
            store = self.subject.store
            found.choices = {"pipeline": Choice([store.bucket], [store.pipeline])}
        else:
            found.choose(choices or {})
        return found


def written(influxdb: InfluxDB, **changes: Any) -> Written:
    """The shop, with other top-level keys, and an empty bucket."""
    output = {"influxdb": {"bucket": influxdb.bucket()}}
    pipeline = Pipeline.model_validate({**SHOP, **changes, "output": output})
    return Written(influxdb, subject_of(pipeline))


PATTERN = {
    "bought": {
        "from": "orders",
        "by": ["user id"],
        "match": "a -> b",
        "define": {"a": "price > 0", "b": "price > 1"},
        "measures": {"where": {"expr": "b.interval"}, "which": {"expr": "b.shop"}},
        "within": "5m",
    }
}


def oddly(influxdb: InfluxDB) -> Written:
    """A store whose keys are odd."""
    found = written(influxdb, patterns=PATTERN)
    records: list[Record] = []
    for number, key in enumerate(ODD_KEYS):
        user = {"user id": key, "shop": "1004"}
        alert = {"active": 1, "state": "firing", "value": 1004.0, "summary": key, "since_ns": 1}
        anomaly = {"field": "price", "value": 1.0, "score": 2.0, "direction": "up", "reason": "r"}
        sold = {"revenue": 10.0 + number, "dearest": 2.0, "every_paid": True, "data_points": 3}
        match = {"events": 2, "where": "0012", "which": 1004, "id": key}
        records += [
            ("sales", {**sold, "latency_ms": 1.0}, user, AT_MS - S_MS),
            ("pace", {"orders": 1004, "data_points": 1004}, {"interval": key}, AT_MS - S_MS),
            ("alerts", alert, {"alert": "low", "level": "9", **user}, AT_MS - S_MS),
            ("anomalies", anomaly, {"anomaly": "odd", "interval": key}, AT_MS - S_MS),
            ("bought", match, {"user id": key}, AT_MS - S_MS),
            ("window_state", {"keys": 1, "bytes": 2}, {"window": "sales", "group": key}, AT_MS),
        ]
    found.write_all(records)
    found.beat()
    return found
