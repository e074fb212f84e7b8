"""What dashboards and rules of a pipeline are made from."""

from dataclasses import dataclass
from functools import cached_property

from grafana.durations import seconds
from grafana.influxql import Store
from grafana.keys import Ranking, variable_names
from grafana.uids import dashboard_uid
from tidegauge.cadence import longest_step_ns
from tidegauge.catalogue import ALERTS, WINDOW_METADATA, Catalogue, catalogue_of, window_metadata
from tidegauge.durations import UNITS_NS
from tidegauge.errors import UserMistake
from tidegauge.expressions.conditions import read_condition
from tidegauge.expressions.targets import anomaly_keys
from tidegauge.fieldtypes import FieldType
from tidegauge.signals import Column
from tidegauge.spec.models import Alert, Pipeline

NUMBERS = frozenset({FieldType.INT, FieldType.FLOAT})
RECENT_NS = 5 * UNITS_NS["m"]
"""A value this old is still the newest one of its series."""
UNKNOWN_STEP_NS = UNITS_NS["d"]
"""So old may the newest value be where results come when the events want it: sessions, counts."""
_ALERT_TAGS = frozenset({"alert", "level"})


@dataclass(frozen=True)
class Subject:
    """A pipeline, its signals, and where its records are.

    Attributes:
        pipeline: the pipeline, checked.
        store: where its records are.
    """

    pipeline: Pipeline
    store: Store

    @cached_property
    def catalogue(self) -> Catalogue:
        """Its signals."""
        return catalogue_of(self.pipeline)

    @property
    def uid(self) -> str:
        """Uid of its dashboard."""
        return dashboard_uid(self.pipeline.pipeline)

    @cached_property
    def variables(self) -> dict[str, str]:
        """The variable of each key column of a window or an anomaly."""
        keys: dict[str, None] = {}
        for window in self.pipeline.windows.values():
            keys |= dict.fromkeys(window.by)
        for anomaly in self.pipeline.anomalies.values():
            keys |= dict.fromkeys(anomaly_keys(self.pipeline, anomaly))
        return variable_names(keys)

    @property
    def alert_tags(self) -> list[str]:
        """Tags of alerts besides name and level."""
        return [tag.name for tag in self.catalogue[ALERTS].tags if tag.name not in _ALERT_TAGS]

    @cached_property
    def moments(self) -> list[str]:
        """Alerts that nothing resolves: those on matches and timeouts of patterns."""
        alerts = self.pipeline.alerts.items()
        return [name for name, alert in alerts if is_moment(self.pipeline, alert)]

    @cached_property
    def lasting(self) -> dict[str, int]:
        """Level of each other alert of the file."""
        alerts = self.pipeline.alerts.items()
        return {name: alert.level for name, alert in alerts if name not in self.moments}

    def measurements_with(self, key: str) -> list[str]:
        """Measurements whose records have a key column."""
        windows = [name for name, window in self.pipeline.windows.items() if key in window.by]
        return windows or ["anomalies"]

    def fields(self, window: str) -> list[Column]:
        """The metrics of a window, without what is known of every window."""
        known = {column.name for column in window_metadata(self.pipeline.windows[window])}
        return [column for column in self.catalogue[window].fields if column.name not in known]

    def main_field(self, window: str) -> Column | None:
        """The metric that tells whether a series is well: one with thresholds, else the first."""
        numbers = [field for field in self.fields(window) if field.type in NUMBERS]
        watched = [field for field in numbers if field.thresholds]
        return next(iter([*watched, *numbers]), None)

    def ranking(self, window: str) -> Ranking | None:
        """Which series of a window are drawn; None when it has but one."""
        keys, field = self.pipeline.windows[window].by, self.main_field(window)
        if not keys:
            return None
        found = tuple(
            name for name, anomaly in self.pipeline.anomalies.items() if anomaly.target == window
        )
        # Every window has its events counted, also one whose metrics are no numbers.
        ranked = field or next(c for c in WINDOW_METADATA if c.name == "data_points")
        return Ranking(self.store, window, tuple(keys), ranked, found, self.variables)

    def describe(self, window: str, field: Column) -> str:
        """What a metric means."""
        made = " ".join(self.pipeline.windows[window].select[field.name].expr.split())
        return f"{field.description} ({made})" if field.description else made

    def step_ns(self, window: str) -> int:
        """Least distance of two points: that of two results, or of two updates of a chart."""
        # Sessions and counts end at any moment: nothing is closer together than two updates.
        return max(self.pipeline.windows[window].every_ns or 0, self.pipeline.dashboard.update)

    def recent_ns(self, window: str) -> int:
        """How old the newest value of a series may be."""
        every_ns, longest_ns = (
            self.pipeline.windows[window].every_ns,
            longest_step_ns(self.pipeline, window),
        )
        if every_ns is None or longest_ns is None:
            return UNKNOWN_STEP_NS
        if longest_ns > every_ns:
            # Written where it changes: the newest value holds for the rest of the period.
            return max(longest_ns, RECENT_NS)
        return max(3 * seconds(every_ns) * UNITS_NS["s"], RECENT_NS)


def is_moment(pipeline: Pipeline, alert: Alert) -> bool:
    """Whether an alert is about what has no duration."""
    return read_condition(alert.when, pipeline).kind in ("match", "timeout")


def subject_of(pipeline: Pipeline) -> Subject:
    """The subject of a checked pipeline.

    Raises:
        UserMistake: it stores nothing in InfluxDB.
    """
    output = pipeline.output.influxdb
    if output is None:
        raise UserMistake(f"pipeline {pipeline.pipeline} has no output.influxdb: nothing to show")
    return Subject(pipeline, Store(output.bucket, pipeline.pipeline))
