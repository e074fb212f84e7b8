from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from operators.detectors.contract import Floats, Mask
from operators.detectors.robust_z import MAX_SCORE, RobustZ, RobustZConfig
from tests.operators.detectors.conformance import run
from tidegauge.errors import UserMistake


def anomalous(x: Floats | Sequence[float], **settings: Any) -> Mask:
    """Where the detector sees anomalies; a column a series, or one series."""
    points = np.asarray(x, np.float64)
    verdicts = run(RobustZ(RobustZConfig(**settings)), points.reshape(len(points), -1))
    return np.array([verdict.anomalous for verdict in verdicts]).reshape(points.shape)


def noise(steps: int, series: int, seed: int = 1) -> Floats:
    return np.random.default_rng(seed).normal(100.0, 2.0, (steps, series))


@pytest.mark.parametrize(("warm_up", "history"), [(10, 60), (20, 120)])
def test_normal_noise_gives_no_alarms(warm_up: int, history: int) -> None:
    """50,000 points; expected at the stated rates are 0.01."""
    assert not anomalous(noise(1_000, 50), warm_up=warm_up, history=history).any()


def test_averages_of_heavy_tailed_events_give_few_alarms() -> None:
    events = np.random.default_rng(3).exponential(10.0, (1_000, 50, 50))
    assert anomalous(events.mean(axis=2)).sum() <= 5


@pytest.mark.parametrize("onset", [12, 25, 80])
@pytest.mark.parametrize("length", [1, 8])
def test_a_fault_of_ten_to_twenty_deviations_is_seen_all_along_and_nothing_after_it(
    onset: int, length: int
) -> None:
    x = noise(150, 100)
    x[onset : onset + length] += 20.0 * np.where(np.arange(100) % 2, 1.0, -2.0)
    found = anomalous(x, warm_up=10)
    fault = np.zeros_like(found)
    fault[onset : onset + length] = True
    assert found[fault].mean() > (0.75 if onset == 12 else 0.95)
    assert found[~fault].sum() <= 1


def test_a_long_fault_does_not_hide_the_next() -> None:
    x = noise(200, 20)
    x[50:70] += 40.0
    x[100:105] += 40.0
    found = anomalous(x)
    assert found[50:70].all()
    assert found[100:105].all()
    assert not found[70:100].any()


@pytest.mark.parametrize(("before", "history"), [(30, 120), (100, 120), (300, 120), (300, 40)])
def test_a_level_shift_alarms_for_half_the_remembered_points_and_is_learned(
    before: int, history: int
) -> None:
    x = noise(before + 300, 10)
    x[before:] += 100.0
    found = anomalous(x, history=history)
    alarms = min(before, history // 2)
    assert found[before : before + alarms].all()
    assert not found[before + alarms :].any()


@pytest.mark.parametrize("level", [0.0, 100.0, -3.0])
def test_a_level_shift_of_a_constant_series_is_learned_too(level: float) -> None:
    found = anomalous([level] * 200 + [level + 50.0] * 200)
    assert found[200:260].all()
    assert not found[260:].any()


def test_a_series_that_switches_between_two_levels_is_learned() -> None:
    x = noise(1_000, 10)
    x[np.arange(1_000) // 20 % 2 == 1] += 100.0
    assert not anomalous(x)[100:].any()


def test_more_variance_is_learned() -> None:
    x = noise(1_000, 50)
    x[300:] = 100.0 + (x[300:] - 100.0) * 10
    found = anomalous(x)
    assert found[300:310].any(axis=0).all()
    assert not found[500:].any()


def test_a_constant_series_gives_no_alarm_and_neither_does_a_wiggle() -> None:
    wiggles = np.full(200, 50.0)
    wiggles[[60, 61, 130]] = 50.0 + np.array([0.2, -0.2, 1e-9])
    assert not anomalous(wiggles).any()


def test_the_first_real_change_of_a_constant_series_is_an_anomaly() -> None:
    x = np.full(100, 50.0)
    x[60] = 51.0
    assert np.flatnonzero(anomalous(x)).tolist() == [60]


def test_what_comes_now_and_then_on_a_constant_series_is_learned() -> None:
    x = np.zeros(1_000)
    x[20::20] = 1.0
    assert np.flatnonzero(anomalous(x, history=240))[-1] < 150


def test_rounding_is_no_movement() -> None:
    x = np.full(200, 0.3)
    x[::3] = 0.1 + 0.2
    x[150] = 0.30001
    assert not anomalous(x).any()


def test_smaller_deviations_than_the_least_are_never_anomalies() -> None:
    x = np.zeros(100)
    x[50], x[70] = 0.02, 0.3
    assert np.flatnonzero(anomalous(x, min_deviation=0.05)).tolist() == [70]


@pytest.mark.parametrize(
    ("direction", "expected"), [("up", [60]), ("down", [80]), ("both", [60, 80])]
)
def test_only_the_side_of_interest_alarms(direction: str, expected: list[int]) -> None:
    x = noise(100, 1)[:, 0]
    x[60] += 40.0
    x[80] -= 40.0
    assert np.flatnonzero(anomalous(x, direction=direction)).tolist() == expected


def test_scores_end_at_the_maximum() -> None:
    (*_, last) = run(RobustZ(RobustZConfig()), np.array([[0.0]] * 50 + [[1.0]]))
    assert last.score.tolist() == [MAX_SCORE]


def test_judged_is_what_lies_outside_of_the_band_stated() -> None:
    x = noise(60, 5)
    x[50] = 0.0
    verdicts = run(RobustZ(RobustZConfig(threshold=4.0)), x)
    assert verdicts[50].expected == pytest.approx(100.0, abs=2.0)
    half = verdicts[50].upper - verdicts[50].expected
    assert verdicts[50].score == pytest.approx(4.0 * (verdicts[50].expected - 0.0) / half)


@pytest.mark.parametrize(("share", "times_as_far"), [(1.0, 1.0), (0.5, 1.189), (2.0, 0.841)])
def test_a_series_that_may_raise_half_the_alarms_has_a_band_1_19_times_as_wide(
    share: float, times_as_far: float
) -> None:
    x = noise(60, 5)
    usual, moved = RobustZ(RobustZConfig()), RobustZ(RobustZConfig())
    moved.grow(5)
    moved.sensitivity[:] = share
    one, other = run(usual, x)[-1], run(moved, x)[-1]
    ratio = (other.upper - other.expected) / (one.upper - one.expected)
    assert ratio == pytest.approx(times_as_far, abs=0.001)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"threshold": 0.0}, "threshold is 0.0: it must be above 0"),
        ({"threshold": float("nan")}, "threshold is nan: it must be above 0"),
        ({"warm_up": 2}, "warm_up is 2: it must be from 3 to the history of 120"),
        ({"warm_up": 50, "history": 40}, "warm_up is 50: it must be from 3 to the history of 40"),
        ({"direction": "sideways"}, "direction is 'sideways': it must be both, up or down"),
        ({"min_deviation": -1.0}, "min_deviation is -1.0: it must not be negative"),
    ],
)
def test_settings_out_of_range_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        RobustZConfig(**settings)


def test_a_state_with_another_history_is_refused() -> None:
    state = RobustZ(RobustZConfig(history=60)).snapshot()
    with pytest.raises(UserMistake, match=r"saved state: .* set up with another history; start"):
        RobustZ(RobustZConfig(history=120)).restore(state)
