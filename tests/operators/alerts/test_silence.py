"""An alert about a silence is one firing as long as that lasts; without points, a day at most."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import polars as pl
import pytest

from operators.alerts.group import AlertGroup
from operators.alerts.plan import plan_alerts
from operators.detectors.group import AnomalyGroup
from operators.detectors.plan import plan_anomalies
from tests.operators.alerts.timelines import S, records
from tests.operators.detectors.pipelines import PIPELINE, spend
from tests.operators.keygroups.engine import pickled
from tidegauge.records import RecordBatch, Tick
from tidegauge.spec.models import Alert, Anomaly

STEP_S, STEPS = 60, 600
STOPPED = STEPS * STEP_S
HOUR_S, DAY_S = 3_600, 86_400
Told = tuple[int, str, str]


class Flow:
    """The silence of a window's series, and an alert about it.

    Args:
        detector: of the silence.
        settings: of the alert.
    """

    def __init__(self, detector: str = "flat_line", **settings: Any) -> None:
        silent = Anomaly.model_validate({"on": "spend.count", "detector": detector})
        gone = Alert.model_validate({"when": "anomaly(silent)", **settings})
        self._pipeline = PIPELINE.model_copy(
            update={"anomalies": {"silent": silent}, "alerts": {"gone": gone}}
        )
        self._load({}, None)

    def _load(self, anomalies: Any, alerts: Any) -> None:
        plans = plan_anomalies(self._pipeline)
        self._anomalies = AnomalyGroup(plans, lambda: 0, anomalies or None, ticks={"silent"})
        self._alerts = AlertGroup(plan_alerts(self._pipeline), lambda: 0, alerts)

    def saved(self) -> tuple[Any, Any]:
        """The state of both."""
        return pickled(self._anomalies.snapshot()), pickled(self._alerts.snapshot())

    def restart(self, saved: tuple[Any, Any] | None = None) -> None:
        """Go on in a new process, from a state if not from one's own."""
        self._load(*(saved or self.saved()))

    def take(self, *items: RecordBatch | Tick) -> list[Told]:
        """What is told: second, state, identity."""
        made = self._alerts.take(self._anomalies.take(items))
        return [(row["time_ns"] // S, row["state"], row["id"]) for row in records(made)]

    def outage(self, seconds: int, every: int = HOUR_S, *, restarts: bool = False) -> list[Told]:
        """A series that comes for ten hours, and nothing for some time."""
        made = self.take(points(0, STEPS))
        for at in [*range(STOPPED, STOPPED + seconds, every), STOPPED + seconds]:
            made += self.take(passed(at))
            if restarts:
                self.restart()
        return made


def points(first: int, last: int) -> RecordBatch:
    # Counts that differ, so that the series is not stuck.
    made = spend([(at * STEP_S, "north", 1, 1.0) for at in range(first, last)])
    count = made.frame["time_ns"] // (STEP_S * S) * 7 % 5
    return RecordBatch(made.signal, made.frame.with_columns(count.alias("count")))


def counted(first: int, counts: Sequence[int]) -> RecordBatch:
    """Windows of ten minutes."""
    made = spend([(at * 600, "north", 1, 1.0) for at in range(first, first + len(counts))])
    return RecordBatch(made.signal, made.frame.with_columns(pl.Series("count", counts)))


def passed(second: int) -> Tick:
    return Tick(frozenset({"spend"}), "", second * S)


def test_an_outage_is_one_firing_until_the_series_is_back() -> None:
    flow = Flow()
    made = flow.outage(6 * HOUR_S)
    made += flow.take(points(STEPS + 360, STEPS + 365))
    assert [state for _, state, _ in made if state != "firing"] == ["resolved"]
    assert len({identity for *_, identity in made}) == 1


@pytest.mark.parametrize(
    ("settings", "seconds"),
    [({}, DAY_S), ({"stale_after": "10m"}, 600), ({"stale_after": "36h"}, 36 * HOUR_S)],
)
def test_a_series_that_is_gone_for_good_fires_once_and_ends_once(
    settings: dict[str, Any], seconds: int
) -> None:
    made = Flow(**settings).outage(5 * DAY_S)
    assert [state for _, state, _ in made if state != "firing"] == ["stale"]
    assert len({identity for *_, identity in made}) == 1
    assert made[-1][:2] == (made[0][0] + seconds, "stale")


def test_a_silence_that_lasts_fires_what_was_pending() -> None:
    made = Flow(**{"for": "2h"}).outage(5 * DAY_S)
    assert [state for _, state, _ in made[:2]] == ["pending", "firing"]
    assert made[1][0] - made[0][0] >= 2 * HOUR_S
    assert made[-1][:2] == (made[0][0] + DAY_S, "stale")


def test_the_next_silence_fires_anew() -> None:
    flow = Flow(stale_after="1h")
    made = flow.outage(6 * HOUR_S)
    back, last = STEPS + 360, STEPS + 3_600
    made += flow.take(points(back, last), passed(last * STEP_S + 5 * DAY_S))
    assert [state for _, state, _ in made if state != "firing"] == ["stale", "stale"]
    assert len({identity for *_, identity in made}) == 2


@pytest.mark.parametrize(("every", "restarts"), [(60, False), (1_801, True), (5 * DAY_S, False)])
def test_any_ticks_and_restarts_tell_a_silence_alike(every: int, *, restarts: bool) -> None:
    whole = Flow().outage(2 * DAY_S + HOUR_S)
    assert sorted(Flow().outage(2 * DAY_S + HOUR_S, every, restarts=restarts)) == sorted(whole)


USUAL = np.random.default_rng(5).poisson(3.0, 1_000).tolist()


@cache
def learned(detector: str, **settings: Any) -> tuple[Any, Any]:
    """The state after the first 900 of the usual counts."""
    flow = Flow(detector, **settings)
    flow.take(counted(0, USUAL[:900]))
    return flow.saved()


@pytest.mark.parametrize("size", [1, 37, 2_000])
@pytest.mark.parametrize("settings", [{}, {"for": "1h"}])
@pytest.mark.parametrize("detector", ["ensemble", "flat_line"])
def test_a_count_that_falls_to_0_and_stays_there_fires_until_it_is_back(
    detector: str, settings: dict[str, Any], size: int
) -> None:
    flow, made = Flow(detector, **settings), list[Told]()
    flow.restart(pickled(learned(detector, **settings)))
    counts = [*USUAL, *[0] * 200, 3, 2, 4, 3]
    for at in range(900, len(counts), size):
        made += flow.take(counted(at, counts[at : at + size]))
    made = [one for one in made if one[0] > 1_000 * 600]
    states = [state for _, state, _ in made]
    assert states[-1] == "resolved"
    assert made[-1][0] == 1_200 * 600 + 1
    assert set(states[:-1]) <= {"pending", "firing"}
    assert len({identity for *_, identity in made}) == 1
