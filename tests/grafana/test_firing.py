"""A firing that lasts: one notification, no matter how seldom the flow writes it again.

The records come from the real life cycle of alerts, over results of windows of ten seconds and of
an hour; the rule is the rendered one, evaluated every ten seconds against a real InfluxDB.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
import pytest
from influxdb_client.client.write_api import SYNCHRONOUS

from connectors.influxdb.lines import encode_lines
from grafana.subject import Subject, subject_of
from operators.alerts.group import AlertGroup
from operators.alerts.plan import plan_alerts
from tests.grafana.rendering import rules
from tests.grafana.rules import Instances, evaluate
from tests.services.influxdb import InfluxDB
from tidegauge.catalogue import ALERTS, WINDOW_METADATA, catalogue_of
from tidegauge.records import RecordBatch, Tick
from tidegauge.spec.models import Pipeline

S = 1_000_000_000
START_S = 1_800_000_000
DELAY_S = 3
"""Time from the end of a window until its records are stored."""
NORTH = (("region", "north"), ("team", "risk"))


@dataclass(frozen=True)
class Shop:
    """Windows of one size with one alert, and a bucket of their own."""

    influxdb: InfluxDB
    subject: Subject
    every_s: int

    @property
    def rule(self) -> Any:
        """The rendered rule."""
        return rules(self.subject)["failures"]

    def store(
        self, rates: Sequence[float | None], region: str = "north", passed_s: int | None = None
    ) -> None:
        """Let the alert judge one result after the other, and store what it has to tell.

        None is a window without events, so without a result. Event time goes on to `passed_s`.
        """
        group = AlertGroup(plan_alerts(self.subject.pipeline), clock_ns=lambda: 0)
        heard: list[RecordBatch | Tick] = [
            self._result(n, rate, region) for n, rate in enumerate(rates) if rate is not None
        ]
        if passed_s is not None:
            heard.append(Tick(frozenset({"spend"}), "", (START_S + passed_s) * S))
        batches = group.take(heard)
        catalogue = catalogue_of(self.subject.pipeline)
        with self.influxdb.client() as client:
            for batch in batches:
                lines = encode_lines(batch, catalogue[ALERTS], catalogue.constant_tags)
                client.write_api(SYNCHRONOUS).write(self.subject.store.bucket, record=lines)

    def watch(self, *spans: range) -> Instances:
        """The rule's states while it is evaluated at these seconds after the start."""
        rule, bucket = self.rule, self.subject.store.bucket
        instances = Instances(rule)
        for second in (second for span in spans for second in span):
            at_ms = (START_S + second) * 1_000
            stored_ms = at_ms - DELAY_S * 1_000
            found = evaluate(self.influxdb, bucket, rule, at_ms, stored_ms=stored_ms, only="ABC")
            instances.take(found, second)
        return instances

    def _result(self, number: int, rate: float, region: str) -> RecordBatch:
        end_ns = (START_S + number * self.every_s) * S
        metadata = {column.name: [0] for column in WINDOW_METADATA}
        row = {"time_ns": [end_ns], "region": [region], "failure_rate": [rate], **metadata}
        return RecordBatch("spend", pl.DataFrame(row))


def shop(influxdb: InfluxDB, every_s: int, level: int = 8) -> Shop:
    """Windows of `every_s` seconds; the alert fires above 5 % and ends below 3 %."""
    pipeline = Pipeline.model_validate(
        {
            "version": 1,
            "pipeline": "shop",
            "labels": {"team": "risk"},
            "sources": {
                "orders": {
                    "kafka": {"topic": "orders"},
                    "event_time": {"field": "time"},
                    "fields": {"region": {"type": "string"}, "failed": {"type": "bool"}},
                }
            },
            "windows": {
                "spend": {
                    "from": "orders",
                    "tumbling": {"size": f"{every_s}s"},
                    "by": ["region"],
                    "select": {"failure_rate": "avg(failed)"},
                }
            },
            "alerts": {
                "failures": {
                    "when": "spend.failure_rate > 0.05",
                    "clear": "spend.failure_rate < 0.03",
                    "level": level,
                }
            },
            "output": {"influxdb": {"bucket": influxdb.bucket()}},
        }
    )
    return Shop(influxdb, subject_of(pipeline), every_s)


def test_30_minutes_of_windows_of_10_s_are_one_firing(
    influxdb: InfluxDB, checked: Counter[str]
) -> None:
    made = shop(influxdb, 10)
    made.store([0.01] * 6 + [0.2] * 180 + [0.01] * 30)
    seen = made.watch(range(0, 2_160, 10))
    assert seen.notifications == [(NORTH, 70)]
    ((labels, ended),) = seen.resolutions
    # The last record that fires is of 1,850 s; it is held for a minute, and seen every ten seconds.
    assert (labels, ended) == (NORTH, 1_910)
    checked["evaluations of a lasting firing"] += 216


def test_a_firing_that_one_result_of_an_hour_began_lasts_until_another_ends_it(
    influxdb: InfluxDB, checked: Counter[str]
) -> None:
    made = shop(influxdb, 3_600)
    made.store([0.01, 0.2, 0.2, 0.01])
    # Every ten seconds for half an hour of firing and at its end, now and then in between.
    watched = range(3_500, 5_410, 10), range(5_410, 10_700, 90), range(10_700, 10_900, 10)
    seen = made.watch(*watched)
    assert [labels for labels, _ in seen.notifications] == [NORTH]
    assert seen.notifications[0][1] == 3_610
    assert [(labels, at) for labels, at in seen.resolutions] == [(NORTH, 10_810)]
    checked["evaluations of a lasting firing"] += sum(map(len, watched))


@pytest.mark.parametrize("every_s", [10, 3_600])
def test_results_that_are_well_never_fire(every_s: int, influxdb: InfluxDB) -> None:
    made = shop(influxdb, every_s)
    made.store([0.01, 0.049, 0.05, 0.0])
    seen = made.watch(range(0, 4 * every_s, every_s // 2))
    assert seen.notifications == []


def test_a_firing_that_two_results_stored_together_begin_and_end_is_told_all_the_same(
    influxdb: InfluxDB,
) -> None:
    """No evaluation sees its last state: that is resolved already."""
    made = shop(influxdb, 1)
    made.store([0.01] * 12 + [0.2] + [0.01] * 200)
    seen = made.watch(range(0, 120, 10))
    assert seen.notifications == [(NORTH, 20)]
    assert [labels for labels, _ in seen.resolutions] == [NORTH]


def test_firings_less_than_a_minute_apart_are_one_notification(influxdb: InfluxDB) -> None:
    made = shop(influxdb, 10)
    made.store([0.2, 0.01, 0.01, 0.2, 0.01, 0.01, 0.2] + [0.01] * 20)
    assert len(made.watch(range(0, 260, 10)).notifications) == 1


def test_a_second_firing_long_after_is_a_second_notification(influxdb: InfluxDB) -> None:
    made = shop(influxdb, 10)
    made.store([0.2] * 3 + [0.01] * 20 + [0.2] * 3 + [0.01] * 20)
    assert len(made.watch(range(0, 450, 10)).notifications) == 2


def test_series_fire_and_end_each_for_itself(influxdb: InfluxDB) -> None:
    made = shop(influxdb, 10)
    made.store([0.2] * 60 + [0.01] * 30, "north")
    made.store([0.01] * 30 + [0.2] * 60, "south")
    seen = made.watch(range(0, 900, 10))
    assert [dict(labels)["region"] for labels, _ in seen.notifications] == ["north", "south"]
    assert [dict(labels)["region"] for labels, _ in seen.resolutions] == ["north"]


def test_a_stream_that_stops_leaves_its_alert_firing_for_an_hour_and_two_windows(
    influxdb: InfluxDB,
) -> None:
    made = shop(influxdb, 10)
    made.store([0.2] * 6)
    seen = made.watch(range(0, 3_500, 100), range(3_500, 3_800, 10))
    assert len(seen.notifications) == 1
    ((_, ended),) = seen.resolutions
    assert 50 + 3_620 <= ended <= 50 + 3_620 + 20


@pytest.mark.parametrize("every_s", [10, 3_600])
def test_an_alert_whose_key_is_gone_ends_when_the_flow_says_that_it_is_stale(
    every_s: int, influxdb: InfluxDB
) -> None:
    made = shop(influxdb, every_s)
    stale_s = max(600, 2 * every_s)
    made.store([0.2] * 6, passed_s=5 * every_s + stale_s + 1)
    last = 5 * every_s
    seen = made.watch(
        range(last - 20, last + 30, 10),
        range(last + stale_s - 20, last + stale_s + 100, 10),
    )
    assert len(seen.notifications) == 1
    ((labels, ended),) = seen.resolutions
    assert labels == NORTH
    # The record is there three seconds later; rules are evaluated every ten.
    assert last + stale_s < ended <= last + stale_s + 20


def test_an_alert_whose_level_was_changed_while_it_fired_does_not_fire_on(
    influxdb: InfluxDB,
) -> None:
    made = shop(influxdb, 10)
    made.store([0.2] * 6)
    alerts = made.subject.pipeline.alerts
    changed = {"failures": alerts["failures"].model_copy(update={"level": 9})}
    pipeline = made.subject.pipeline.model_copy(update={"alerts": changed})
    now = Shop(influxdb, subject_of(pipeline), 10)
    assert now.watch(range(60, 300, 10)).notifications == []
