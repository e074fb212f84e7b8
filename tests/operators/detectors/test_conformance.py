"""Every detector of the registry keeps to the contract, and the suite would notice if not."""

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from operators.detectors.contract import Floats, Slots, State, Times, Verdicts
from operators.detectors.rarity import RarityConfig
from operators.detectors.registry import FAMILY
from operators.detectors.robust_z import RobustZ, RobustZConfig
from tests.operators.detectors import conformance
from tests.operators.detectors.conformance import CHECKS, Make

ROBUST_Z = RobustZConfig(warm_up=8, history=24)
OFTEN = RarityConfig(false_alarms_per_week=7.0, warm_up=20)
"""So many false alarms that a short series shows some."""
NO_SPIKES = {"change_point", "flat_line", "forecast_band", "periodic", "rare_category", "seasonal"}
"""Need more or other data than the suite has; their own tests give it to them."""


def _make(name: str) -> Make:
    if name == RobustZ.name:
        return Make(lambda: RobustZ(ROBUST_Z))
    new = FAMILY[name]
    return Make(lambda: new(OFTEN), 20, 0.95, finds=name not in NO_SPIKES, settled=None)


@pytest.mark.parametrize("name", sorted({RobustZ.name, *FAMILY}))
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_detector(name: str, check: Callable[[Make], None]) -> None:
    check(_make(name))


class _LearnsWhileScoring(RobustZ):
    def score(self, slots: Slots, x: Floats, t_ns: Times) -> Verdicts:
        verdicts = super().score(slots, x, t_ns)
        self._arrays["count"][slots] += 1
        return verdicts


class _RollsDice(RobustZ):
    dice = np.random.default_rng()

    def score(self, slots: Slots, x: Floats, t_ns: Times) -> Verdicts:
        verdicts = super().score(slots, x, t_ns)
        return replace(verdicts, expected=verdicts.expected + self.dice.random(slots.size))


class _ReadsTheClock(RobustZ):
    def score(self, slots: Slots, x: Floats, t_ns: Times) -> Verdicts:
        verdicts = super().score(slots, x, t_ns)
        return replace(verdicts, score=verdicts.score + time.perf_counter_ns())


class _Peeks(RobustZ):
    def judge(self, slots: Slots, x: Floats, t_ns: Times) -> Verdicts:
        verdicts = super().judge(slots, x, t_ns)
        return replace(verdicts, expected=verdicts.expected + np.nanmax(x))


class _CannotBeSaved(RobustZ):
    def snapshot(self) -> State:
        return super().snapshot() | {"clock": lambda: 0}


class _ForgetsItsRuns(RobustZ):
    def restore(self, state: State) -> None:
        super().restore(state)
        self._arrays["run"][:] = 0


class _GivesItsArraysAway(RobustZ):
    def snapshot(self) -> State:
        return super().snapshot() | {"arrays": self._arrays}


class _TakesArraysOver(RobustZ):
    def restore(self, state: State) -> None:
        super().restore(state)
        self._arrays = dict(state["arrays"])


class _MixesSeries(RobustZ):
    def score(self, slots: Slots, x: Floats, t_ns: Times) -> Verdicts:
        verdicts = super().score(slots, x, t_ns)
        return replace(verdicts, expected=verdicts.expected + x.size)


class _GrowsOverOthers(RobustZ):
    def grow(self, series: int) -> None:
        if series > self.series:
            self._arrays["count"][:] = 0
        super().grow(series)


class _JudgesAtOnce(RobustZ):
    def __init__(self, config: RobustZConfig) -> None:
        super().__init__(replace(config, warm_up=3))


class _JudgesLate(RobustZ):
    def __init__(self, config: RobustZConfig) -> None:
        super().__init__(replace(config, warm_up=12))


class _LearnsGaps(RobustZ):
    def learn(self, slots: Slots, x: Floats, t_ns: Times, verdicts: Verdicts) -> None:
        super().learn(slots, np.nan_to_num(x), t_ns, verdicts)


class _PointsTheWrongWay(RobustZ):
    def score(self, slots: Slots, x: Floats, t_ns: Times) -> Verdicts:
        verdicts = super().score(slots, x, t_ns)
        return replace(verdicts, direction=-verdicts.direction)


class _RefusesToLearnAnomalies(RobustZ):
    def learn(self, slots: Slots, x: Floats, t_ns: Times, verdicts: Verdicts) -> None:
        usual = ~verdicts.anomalous
        known = Verdicts(*(getattr(verdicts, name)[usual] for name in Verdicts.__slots__))
        super().learn(slots[usual], x[usual], t_ns[usual], known)


class _ReadsAnyState(RobustZ):
    def restore(self, state: State) -> None:
        super().restore(state | {"detector": self.name, "version": self.version})


BROKEN: dict[type[RobustZ], Callable[[Make], None]] = {
    _LearnsWhileScoring: conformance.scoring_changes_nothing,
    _ReadsTheClock: conformance.the_same_points_give_the_same_verdicts,
    _Peeks: conformance.a_call_may_hold_any_number_of_points,
    _CannotBeSaved: conformance.a_restart_at_any_point_changes_nothing,
    _RollsDice: conformance.the_same_points_give_the_same_verdicts,
    _ForgetsItsRuns: conformance.a_restart_at_any_point_changes_nothing,
    _GivesItsArraysAway: conformance.a_snapshot_does_not_change_afterwards,
    _TakesArraysOver: conformance.a_snapshot_does_not_change_afterwards,
    _MixesSeries: conformance.a_series_is_judged_alike_alone_and_among_others,
    _GrowsOverOthers: conformance.a_new_series_does_not_disturb_the_others,
    _JudgesAtOnce: conformance.nothing_is_judged_while_a_series_warms_up,
    _JudgesLate: conformance.nothing_is_judged_while_a_series_warms_up,
    _LearnsGaps: conformance.what_is_no_number_is_neither_judged_nor_learned,
    _PointsTheWrongWay: conformance.anomalies_lie_outside_the_band_and_score_above_the_threshold,
    _RefusesToLearnAnomalies: conformance.a_level_shift_is_found_and_then_learned,
    _ReadsAnyState: conformance.a_state_of_another_version_is_refused,
}


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.__name__)
def test_the_suite_notices(broken: type[RobustZ]) -> None:
    make = Make(lambda: broken(ROBUST_Z))
    with pytest.raises((AssertionError, AttributeError, TypeError, pytest.fail.Exception)):
        BROKEN[broken](make)


def test_every_check_has_a_broken_member() -> None:
    assert set(BROKEN.values()) == set(CHECKS)
