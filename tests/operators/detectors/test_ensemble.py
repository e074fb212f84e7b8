"""The default detector: its two ways of computing, its alarms, its settings."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from operators.detectors.contract import Floats, Times, Verdicts
from operators.detectors.ensemble import Ensemble
from operators.detectors.rarity import RarityConfig
from tests.operators.detectors.conformance import same, same_state

STEP_NS = 600 * 10**9
DAY = 144
START_NS = 1_700_000_000 * 10**9


def season(days: int, seed: int = 1) -> Floats:
    rng = np.random.default_rng(seed)
    at = np.arange(days * DAY)
    wave: Floats = 100 + 30 * np.sin(2 * np.pi * at / DAY) + rng.normal(0, 2, at.size)
    return wave


def judge(x: Floats, detector: Ensemble | None = None) -> Verdicts:
    detector = detector or Ensemble(RarityConfig())
    detector.grow(1)
    return detector.judge(np.zeros(x.size, np.intp), x, times(x.size))


def times(points: int) -> Times:
    stamps: Times = START_NS + np.arange(points, dtype=np.int64) * STEP_NS
    return stamps


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10**6))
def test_floats_and_arrays_agree_to_the_last_bit(seed: int) -> None:
    """Seasons, walks, stuck and rounded values, gaps, infinities, jumps of many sizes."""
    rng = np.random.default_rng(seed)
    points, series = 260, 5
    x = season(3)[:points, None] + np.cumsum(rng.normal(size=(points, series)), axis=0)
    x[:, 1] = np.round(x[:, 1])
    x[100:150, 2] = 5.0
    x[:, 3] = 7.0
    x[rng.random((points, series)) < 0.05] = np.nan
    x[rng.integers(points, size=5), rng.integers(series, size=5)] = [np.inf, -1e300, 1e149, 0, 1e9]
    x[180:, 4] += 10.0 ** rng.uniform(0, 6)
    t_ns = START_NS + np.cumsum(rng.integers(1, 10**13, points))
    arrays, floats = Ensemble(RarityConfig(warm_up=20)), Ensemble(RarityConfig(warm_up=20))
    arrays.grow(series)
    floats.grow(series)
    slots = np.arange(series)
    turns = [arrays.turn(slots, x[at], np.full(series, t_ns[at])) for at in range(points)]
    for slot in range(series):
        judged = floats.judge(np.full(points, slot), x[:, slot], t_ns)
        own = Verdicts(
            *(
                np.array([getattr(turn, name)[slot] for turn in turns])
                for name in Verdicts.__slots__
            )
        )
        assert same([judged], [own])
    assert same_state(arrays.snapshot(), floats.snapshot())


@pytest.mark.parametrize("size", [-40.0, 40.0])
def test_a_spike_is_found_at_once_with_its_direction(size: float) -> None:
    x = season(21)
    x[2_800] += size
    verdicts = judge(x)
    assert verdicts.anomalous[2_800]
    assert verdicts.direction[2_800] == np.sign(size)
    assert verdicts.expected[2_800] == pytest.approx(x[2_800] - size, abs=15.0)
    assert not verdicts.lower[2_800] <= x[2_800] <= verdicts.upper[2_800]


def test_a_level_shift_is_one_alarm_and_then_the_new_level() -> None:
    x = season(40)
    x[21 * DAY :] += 60.0
    anomalous = judge(x).anomalous
    assert anomalous[21 * DAY : 21 * DAY + DAY // 2].sum() == 1
    assert anomalous[21 * DAY + DAY // 2 :].sum() <= 4


def test_a_season_alone_is_no_anomaly_after_the_first_days() -> None:
    assert judge(season(28)).anomalous[3 * DAY :].sum() <= 4


def test_the_same_threshold_means_the_same_rate_whatever_the_unit() -> None:
    small = judge(season(14))
    large = judge(season(14) * 2.0**20)
    assert np.array_equal(small.score, large.score)


@pytest.mark.parametrize("kind", ["normal", "heavy", "skewed"])
def test_the_rate_of_alarms_is_about_the_one_asked_for(kind: str) -> None:
    """Ten series of five weeks, two false alarms a week asked for."""
    rng = np.random.default_rng(2)
    shape = (5 * 7 * DAY, 10)
    x: Floats = {
        "normal": rng.normal(size=shape),
        "heavy": rng.standard_t(3, shape),
        "skewed": rng.exponential(size=shape),
    }[kind]
    config = RarityConfig(false_alarms_per_week=2.0)
    found = sum(int(judge(own, Ensemble(config)).anomalous.sum()) for own in x.T)
    assert 0.5 <= found / 10 / 5 <= 4.0


def test_only_the_side_of_interest_alarms() -> None:
    x = season(21)
    x[2_800] += 40.0
    down = judge(x, Ensemble(RarityConfig(direction="down")))
    assert not down.anomalous[2_800]


def test_small_deviations_are_no_anomalies_when_asked() -> None:
    x = season(21)
    x[2_800] += 40.0
    assert not judge(x, Ensemble(RarityConfig(min_deviation=100.0))).anomalous[2_800]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"false_alarms_per_week": 0.0}, "false_alarms_per_week is 0.0: it must be above 0"),
        ({"warm_up": 5}, "warm_up is 5: it must be at least 20"),
        ({"direction": "left"}, "direction is 'left': it must be both, up or down"),
        ({"min_deviation": -1.0}, "min_deviation is -1.0: it must not be negative"),
    ],
)
def test_settings_out_of_range_are_refused(wrong: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        RarityConfig(**wrong)  # type: ignore[arg-type]  # wrong on purpose
