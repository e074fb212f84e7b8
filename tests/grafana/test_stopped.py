"""A flow that has stopped is told of after two minutes, and one that runs is not.

Its rule is evaluated at many moments on a real InfluxDB; the store is made of records that the
flow would have written by the wall clock until it stopped.
"""

from collections.abc import Sequence

import pytest
from influxdb_client.client.write_api import SYNCHRONOUS

from tests.grafana.rendering import examples
from tests.grafana.rules import Instances, evaluate
from tests.grafana.telling import Rendered, with_bucket
from tests.services.influxdb import InfluxDB
from tidegauge.catalogue import FLOW_STOPPED
from tidegauge.spec.models import Pipeline

START_S = 1_800_000_000
STOPPED_S = 120
"""What the docs promise."""


class Watched:
    """The flow of a pipeline, and the rule that watches it."""

    def __init__(self, influxdb: InfluxDB, pipeline: Pipeline) -> None:
        self._influxdb = influxdb
        made = with_bucket(pipeline, influxdb.bucket())
        self._rendered = Rendered.of(made, next(iter(made.alerts)))
        self._rule = self._rendered.rules[FLOW_STOPPED]
        self._bucket = self._rendered.subject.store.bucket

    def runs(self, seconds: Sequence[float]) -> None:
        """Records of the flow at these times."""
        name = self._rendered.pipeline.pipeline
        lines = [
            f"flow,partition={partition},pipeline={name},source=s,topic=t processed=7i"
            f" {(START_S * 1_000 + round(second * 1_000)) * 1_000_000}"
            for second in seconds
            for partition in (0, 1)
        ]
        with self._influxdb.client() as client:
            client.write_api(SYNCHRONOUS).write(self._bucket, record="\n".join(lines).encode())

    def fires(self, at_s: float) -> list[bool]:
        """Whether it fires at a time; empty where there is no data."""
        at_ms = round((START_S + at_s) * 1_000)
        return list(evaluate(self._influxdb, self._bucket, self._rule, at_ms).fires.values())

    def watch(self, seconds: range) -> Instances:
        """Its states while it is evaluated at these times."""
        instances = Instances(self._rule)
        for second in seconds:
            at_ms = (START_S + second) * 1_000
            instances.take(evaluate(self._influxdb, self._bucket, self._rule, at_ms), second)
        return instances


PIPELINES = {pipeline.pipeline: pipeline for pipeline in examples()}


@pytest.fixture
def watched(influxdb: InfluxDB) -> Watched:
    """The flow of an example."""
    return Watched(influxdb, PIPELINES["machines"])


@pytest.mark.parametrize("name", PIPELINES)
@pytest.mark.parametrize("last_s", [599.0, 600.001, 629.5, 659.999])
def test_it_fires_after_two_minutes_wherever_in_the_minute_the_flow_stopped(
    last_s: float, name: str, influxdb: InfluxDB
) -> None:
    watched = Watched(influxdb, PIPELINES[name])
    watched.runs([last_s - second for second in range(600)])
    running = [0.5, 30, 59, 61, 90, 119, STOPPED_S - 0.01]
    assert [watched.fires(last_s + after_s) for after_s in running] == [[False]] * len(running)
    stopped = [STOPPED_S, 121, 180, 600, 2_900]
    assert [watched.fires(last_s + after_s) for after_s in stopped] == [[True]] * len(stopped)


def test_evaluated_each_minute_it_is_told_in_the_third(watched: Watched) -> None:
    watched.runs(range(600))
    for phase_s in (0, 17, 59):
        seen = watched.watch(range(300 + phase_s, 4_500, 60))
        ((_, told_s),) = seen.notifications
        assert 599 + STOPPED_S <= told_s < 599 + STOPPED_S + 60
        # That nothing was written for longer than it looks back is not that all is well.
        assert seen.resolutions == []


def test_a_restart_of_less_than_two_minutes_is_not_told(watched: Watched) -> None:
    watched.runs([*range(300), *range(419, 600)])
    assert watched.watch(range(60, 600, 10)).notifications == []


def test_a_flow_that_goes_on_is_told_to_be_well(watched: Watched) -> None:
    watched.runs([*range(300), *range(1_000, 1_300)])
    seen = watched.watch(range(60, 1_300, 60))
    assert [at_s for _, at_s in seen.notifications] == [420]
    assert [at_s for _, at_s in seen.resolutions] == [1_020]


def test_signs_of_life_each_half_minute_are_enough(watched: Watched) -> None:
    """What a flow writes while nothing comes, or a transaction holds all back."""
    watched.runs([*range(60), *range(60, 900, 30)])
    assert watched.watch(range(60, 900, 10)).notifications == []


def test_a_flow_that_never_ran_is_not_told(watched: Watched) -> None:
    assert watched.fires(100) == []
