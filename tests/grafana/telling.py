"""Alerts of a pipeline over time: what the flow tells when, and what a person may be told of it.

Rows go through the real life cycle of alerts, at the moment at which the flow gets them, which may
be long after their own time. Records are stored at that moment.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import polars as pl
from influxdb_client.client.write_api import SYNCHRONOUS

from connectors.influxdb.lines import LineEncoder
from grafana.alerting.levels import pace
from grafana.subject import Subject, subject_of
from operators.alerts.event_level import event_level_records
from operators.alerts.group import AlertGroup
from operators.alerts.plan import AlertPlan, plan_alerts
from tests.grafana.expected import Expected, Record
from tests.grafana.rendering import rules
from tests.grafana.rules import Labels, evaluate
from tests.services.influxdb import InfluxDB
from tidegauge.batch import NO_TIME, TIME, Counts, EventBatch, PartitionState, Progress
from tidegauge.catalogue import ALERTS
from tidegauge.durations import UNITS_NS
from tidegauge.records import NO_KEY, TIME_NS, RecordBatch
from tidegauge.spec.models import Pipeline

S = 1_000_000_000


class Row(NamedTuple):
    """What an alert looks at.

    Attributes:
        at_s: its event time, from the start.
        told_s: when the flow gets to it, from the start.
        key: text of its key columns; None for null.
        value: what the condition looks at.
        anomalous: what a detector says, where the alert is about one.
    """

    at_s: float
    told_s: float
    key: str | None
    value: float | None
    anomalous: bool = False


@dataclass(frozen=True)
class Rendered:
    """An alert of a pipeline, compiled, and the rules of the pipeline by alert."""

    subject: Subject
    plan: AlertPlan
    rules: Mapping[str, Any]

    @classmethod
    def of(cls, pipeline: Pipeline, alert: str) -> "Rendered":
        """That of an alert by name."""
        subject = subject_of(pipeline)
        (plan,) = (one for one in plan_alerts(pipeline) if one.name == alert)
        return cls(subject, plan, rules(subject))

    @property
    def bucket(self) -> str:
        """The store."""
        return self.subject.store.bucket

    @property
    def rule(self) -> Any:
        """The rule of the alert."""
        return self.rules[self.plan.name]

    @property
    def back_s(self) -> int:
        """How far the rule looks back."""
        return int(self.rule["data"][0]["relativeTimeRange"]["from"])

    @property
    def pipeline(self) -> Pipeline:
        """The pipeline; its bucket is the store."""
        return self.subject.pipeline

    @property
    def step_s(self) -> int:
        """Time between two evaluations."""
        return pace(self.plan.alert.level).evaluation_ns // UNITS_NS["s"]


@dataclass
class Telling:
    """An alert whose records are stored, at times of its own.

    Attributes:
        influxdb: where the store is.
        made: the alert and its rule.
        start_s: the moment from which times are counted.
        beside: columns of a row besides keys and value.
        told: the records that are stored.
    """

    influxdb: InfluxDB
    made: Rendered
    start_s: int
    beside: Mapping[str, Any] = field(default_factory=dict)
    told: list[Record] = field(default_factory=list)
    _clock_ns: int = 0

    def __post_init__(self) -> None:
        self.plan = self.made.plan
        self._group = AlertGroup([self.plan], lambda: self._clock_ns)
        catalogue = self.made.subject.catalogue
        self._encoder = LineEncoder(catalogue[ALERTS], catalogue.constant_tags)
        labels = self.made.pipeline.labels
        self._constant = {name: catalogue.constant_tags[name] for name in labels}

    def take(self, rows: Sequence[Row]) -> None:
        """Let the flow get to rows, all at the moment of the last one, and store what it tells."""
        self._clock_ns = self._ns(rows[-1].told_s)
        lines: list[str] = []
        for row in rows:
            for batch in self._group.take([self._batch(row)]):
                lines += self._encoder.lines(batch)
                for record in batch.frame.to_dicts():
                    self.told.append(self._record(record, rows[-1].told_s))
        self.store(lines)

    def tell_events(self, events: pl.DataFrame, told_s: float) -> None:
        """Let events say how urgent they are, and store what the flow tells of it."""
        pipeline = self.made.pipeline
        progress = Progress(next(iter(pipeline.sources)), 0, 1, NO_TIME, PartitionState.ACTIVE, 0)
        batch = EventBatch("t", events, pl.DataFrame(), pl.DataFrame(), progress, Counts())
        signal = self.made.subject.catalogue[ALERTS]
        frame = event_level_records(batch, pipeline.pipeline, signal, self._ns(told_s))
        assert frame is not None
        self.store(self._encoder.lines(RecordBatch(ALERTS, frame)))

    def store(self, lines: Sequence[str]) -> None:
        """Write lines into the store."""
        if not lines:
            return
        with self.influxdb.client() as client:
            api = client.write_api(SYNCHRONOUS)
            api.write(self.made.bucket, record="\n".join(lines).encode())

    @property
    def expected(self) -> Expected:
        """What may be seen by what is stored."""
        made = self.made
        return Expected(self.told, made.pipeline, made.step_s, made.back_s, self.plan.moment)

    def texts(self, at_s: float, alert: str | None = None) -> dict[Labels, str]:
        """What a person reads of each series that fires, of this alert or another of the file."""
        at_ms = round((self.start_s + at_s) * 1_000)
        rule, bucket = self.made.rules[alert or self.plan.name], self.made.bucket
        return evaluate(self.influxdb, bucket, rule, at_ms, live=True).texts(rule)

    def labels(self, key: str | None) -> Labels:
        """The labels of the series with a key."""
        keys = dict.fromkeys(self.plan.by, NO_KEY if key is None else key)
        return tuple(sorted((keys | self._constant).items()))

    def _batch(self, row: Row) -> RecordBatch:
        plan, at_ns = self.plan, self._ns(row.at_s)
        columns = {
            TIME_NS: at_ns,
            TIME: at_ns,
            "start_ns": at_ns,
            "revision": 0,
            "_anomalous": row.anomalous,
            "_repeated": False,
            "_told_ns": None,
            "anomaly": plan.target,
            **dict.fromkeys(plan.named),
            **self.beside,
            **dict.fromkeys(plan.by, row.key),
            **({plan.value: row.value} if plan.value else {}),
        }
        types: dict[str, type[pl.DataType]] = dict.fromkeys(plan.by, pl.String)
        types |= {plan.value: pl.Float64} if plan.value else {}
        return RecordBatch(plan.reads, pl.DataFrame([columns], schema_overrides=types))

    def _record(self, record: Mapping[str, Any], told_s: float) -> Record:
        key = record[self.plan.by[0]] if self.plan.by else None
        time_s = record[TIME_NS] / S - self.start_s
        active = record["active"] == 1
        return Record(self.labels(key), time_s, told_s, active, record["summary"])

    def _ns(self, at_s: float) -> int:
        return self.start_s * S + round(at_s * 1e9)


def with_bucket(pipeline: Pipeline, bucket: str) -> Pipeline:
    """The pipeline, with another bucket."""
    assert pipeline.output.influxdb is not None
    influxdb = pipeline.output.influxdb.model_copy(update={"bucket": bucket})
    output = pipeline.output.model_copy(update={"influxdb": influxdb})
    return pipeline.model_copy(update={"output": output})
