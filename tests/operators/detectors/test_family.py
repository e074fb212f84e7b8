"""What each detector of the family is for, found; and what it is not for, left alone."""

import numpy as np
import pytest

from operators.detectors.change_point import ChangePoint
from operators.detectors.contract import Floats, Times, Verdicts
from operators.detectors.flat_line import FlatLine
from operators.detectors.forecast_band import ForecastBand
from operators.detectors.learned_period import find_period
from operators.detectors.multivariate import Multivariate
from operators.detectors.peers import Peers
from operators.detectors.periodic import Periodic
from operators.detectors.rare_category import RareCategory
from operators.detectors.rarity import RarityConfig, RarityDetector
from operators.detectors.seasonal import Seasonal
from tests.operators.keygroups.engine import pickled

STEP_NS = 600 * 10**9
DAY = 144
CONFIG = RarityConfig()


def noise(points: int, seed: int = 1) -> Floats:
    return np.random.default_rng(seed).normal(size=points)


def times(points: int) -> Times:
    stamps: Times = np.arange(points, dtype=np.int64) * STEP_NS
    return stamps


def judge(detector: RarityDetector, x: Floats) -> Verdicts:
    detector.grow(1)
    return detector.judge(np.zeros(len(x), np.intp), x, times(len(x)))


def test_seasonal_finds_a_usual_value_at_an_unusual_hour() -> None:
    at = np.arange(21 * DAY)
    x = 50 + 20 * np.sign(np.sin(2 * np.pi * at / DAY)) + noise(at.size)
    x[2_900:2_903] = 100 - x[2_900:2_903]
    assert judge(Seasonal(CONFIG), x).anomalous[2_900:2_903].any()


@pytest.mark.parametrize("period", [7, 24, 60])
def test_the_period_is_found(period: int) -> None:
    at = np.arange(256)
    assert find_period(np.sin(2 * np.pi * at / period) + 0.2 * noise(256)) == period


def test_noise_and_constants_have_no_period() -> None:
    assert find_period(noise(256)) == 0
    assert find_period(np.ones(256)) == 0


def test_periodic_finds_a_beat_left_out() -> None:
    at = np.arange(2_000)
    x = np.where(at % 25 < 3, 10.0, 0.0) + 0.3 * noise(2_000)
    x[1_725:1_728] -= 10.0
    assert judge(Periodic(CONFIG), x).anomalous[1_725:1_728].any()


def test_a_small_shift_that_lasts_is_one_change_point() -> None:
    x = noise(4_000, seed=5)
    x[3_000:] += 2.5
    anomalous = judge(ChangePoint(CONFIG), x).anomalous
    assert anomalous[3_000:3_030].sum() == 1
    assert anomalous[3_200:].sum() <= 3


def test_a_stuck_sensor_is_told_once() -> None:
    x = noise(3_000)
    x[2_000:2_040] = x[2_000]
    assert judge(FlatLine(CONFIG), x).anomalous[2_000:2_040].sum() == 1


def test_a_series_that_often_stands_still_is_not_stuck() -> None:
    x = np.repeat(noise(600), 5)
    x[2_000:2_040] = x[2_000]
    assert not judge(FlatLine(CONFIG), x).anomalous.any()


def test_silence_gets_rarer_the_longer_it_lasts_and_judging_it_changes_nothing() -> None:
    detector = FlatLine(CONFIG)
    judge(detector, noise(2_000))
    before = pickled(detector.snapshot())
    last = times(2_000)[-1:]
    soon, late = (detector.silence(np.array([0]), last + gaps * STEP_NS)[0] for gaps in (1, 20))
    assert soon < 0.99 < late
    after = detector.snapshot()["arrays"]
    assert all(
        np.array_equal(held, after[key], equal_nan=held.dtype.kind == "f")
        for key, held in before["arrays"].items()
    )


def test_a_new_category_is_rare_and_a_common_one_is_not() -> None:
    rng = np.random.default_rng(3)
    x = rng.choice([1.0, 2.0, 3.0], p=[0.8, 0.15, 0.05], size=3_000)
    x[2_500] = 9.0
    verdicts = judge(RareCategory(CONFIG), x)
    assert verdicts.anomalous[2_500]
    assert verdicts.expected[2_500] == 1.0
    assert verdicts.anomalous.sum() <= 4


def test_where_every_category_is_new_newness_is_usual() -> None:
    assert judge(RareCategory(CONFIG), np.arange(2_000.0)).anomalous[500:].sum() == 0


def test_multivariate_finds_what_is_usual_alone_and_not_together() -> None:
    load = 50 + 10 * noise(3_000)
    x = np.stack([load, 2 * load + noise(3_000, seed=2), 5 * noise(3_000, seed=3)], axis=1)
    x[2_500] = 60.0, 85.0, 0.0
    assert judge(Multivariate(CONFIG, signals=3), x).anomalous[2_500]


def test_the_distance_is_that_of_mahalanobis() -> None:
    rng = np.random.default_rng(4)
    x = rng.multivariate_normal([1.0, 2.0], [[4.0, 1.5], [1.5, 1.0]], 2_000)
    detector = Multivariate(CONFIG, signals=2)
    judge(detector, x)
    point = np.array([[5.0, 2.0]])
    deviation = point[0] - x.mean(axis=0)
    true = np.sqrt(deviation @ np.linalg.inv(np.cov(x.T)) @ deviation)
    assert detector.distances(np.array([0]), point)[0] == pytest.approx(true, rel=0.2)


def test_multivariate_needs_two_signals() -> None:
    with pytest.raises(ValueError, match="signals is 1: it must be at least 2"):
        Multivariate(CONFIG, signals=1)


def test_a_machine_that_leaves_its_group_is_told_and_the_group_is_not() -> None:
    rng = np.random.default_rng(5)
    detector = Peers(CONFIG, lambda slots: slots // 8)
    detector.grow(16)
    slots, found = np.arange(16), np.zeros((1_200, 16), np.bool_)
    for at in range(1_200):
        x = 50.0 + 30.0 * (at >= 800) + rng.normal(size=16)
        x[8] += 5.0
        x[3] -= 30.0 * (at == 1_000)
        found[at] = detector.judge(slots, x, np.full(16, at * STEP_NS)).anomalous
    assert found[1_000, 3]
    assert not found[800].any()
    assert found[700:].mean() < 0.002


def test_too_small_a_group_is_not_judged() -> None:
    detector = Peers(RarityConfig(warm_up=20), lambda slots: slots)
    detector.grow(3)
    for at in range(30):
        verdicts = detector.judge(np.arange(3), noise(3), np.full(3, at * STEP_NS))
    assert not verdicts.judged.any()


def seasonal_series(points: int, series: int) -> Floats:
    at = np.arange(points)[:, None]
    rng = np.random.default_rng(6)
    wave: Floats = 50 + 10 * np.sin(2 * np.pi * at / 24) + rng.normal(size=(points, series))
    return wave


def test_the_forecast_follows_season_and_level() -> None:
    x = seasonal_series(700, 1)[:, 0]
    verdicts = judge(ForecastBand(CONFIG), x)
    error = np.abs(x - verdicts.expected)[300:]
    assert np.nanmean(error) < 1.5


def test_refits_are_spread_over_series_and_counted_in_points() -> None:
    """The fits of a replay fall on the same points; those of several series on different ones."""
    fits = []
    for _ in range(2):
        detector = ForecastBand(CONFIG)
        detector.grow(4)
        slots, refitted = np.arange(4), []
        alpha = np.zeros(4)
        for at, row in enumerate(seasonal_series(760, 4)):
            detector.turn(slots, row, np.full(4, at * STEP_NS))
            now = detector._arrays["holt_winters.phi"][:4].copy()
            refitted += [(at, int(slot)) for slot in np.flatnonzero(now != alpha)]
            alpha = now
        fits.append(refitted)
    assert fits[0] == fits[1]
    later = [at for at, _ in fits[0] if at > 240]
    assert len(later) >= 4
    assert len(set(later)) == len(later)
