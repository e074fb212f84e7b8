"""Forecasts of series that change: followed in hours, as far as they have moved, and no further."""

from functools import cache
from pickle import dumps, loads

import numpy as np
import pytest

from operators.forecasts.changes import MOST, PASSED, Watch, follow
from operators.forecasts.config import ForecastConfig
from operators.forecasts.series import Made, Series
from operators.forecasts.smoothing import Floats, Smoothing

HOUR_NS = 3_600 * 10**9
DAYS = 24
"""Hours of a day."""
QUIET = 20 * DAYS
"""Hours before anything changes."""
NO_SEASON = np.empty(0)
FLAT = Smoothing(0.1, 0.0, 0.0, 0.9, 40.0, 0.0, NO_SEASON, 0.25)


def course(after: Floats, *, daily: float = 0.0, seed: int = 1) -> Floats:
    """A value an hour around 40, with a daily course, and what is added at the end."""
    chance = np.random.default_rng(seed)
    x = 40 + chance.normal(0, 0.5, QUIET + after.size)
    x += daily * np.sin(2 * np.pi * np.arange(x.size) / DAYS)
    x[QUIET:] += after
    return x


def forecasts(x: Floats, cell_hours: int, ahead: int) -> dict[int, Made]:
    """Forecasts by how many hours after the change they were made."""
    config = ForecastConfig(cell_hours * HOUR_NS, ahead, calendar=(DAYS // cell_hours,))
    series, made = Series(config, chance=0.5), {}
    for at, value in enumerate(x):
        found = series.take((at + 1) * HOUR_NS, float(value))
        if found is not None:
            made[at + 1 - QUIET] = found
    return made


@cache
def filling(daily: float) -> dict[int, Made]:
    """Two days ahead in cells of two hours, while a disk fills by 1 an hour for two days."""
    return forecasts(course(np.arange(1.0, 49.0), daily=daily), 2, 24)


@pytest.mark.parametrize(("cell_hours", "ahead"), [(1, 24), (2, 24), (6, 28)])
@pytest.mark.parametrize("step", [-20.0, 20.0])
def test_a_step_is_followed_within_three_cells(cell_hours: int, ahead: int, step: float) -> None:
    made = forecasts(course(np.full(72, step)), cell_hours, ahead)
    for hours in range(3 * cell_hours, 73, cell_hours):
        assert made[hours].expected == pytest.approx(40 + step, abs=1.5)
    assert made[-cell_hours].expected == pytest.approx(40, abs=1.5)


@pytest.mark.parametrize("daily", [0.0, 5.0])
def test_a_disk_that_fills_is_foreseen_hours_before(daily: float) -> None:
    told = min(hours for hours, made in filling(daily).items() if made.expected[-1] > 90)
    assert 6 <= told <= 36
    assert filling(daily)[48].expected[-1] >= 88


@pytest.mark.parametrize("daily", [0.0, 5.0])
def test_a_trend_lasts_for_about_as_long_again_and_the_band_says_so(daily: float) -> None:
    made = filling(daily)[48]
    assert made.expected.max() <= 88 + 48 + 2 * daily
    assert made.lower[-1] < 90 < made.expected[-1] < made.upper[-1]


@pytest.mark.parametrize(("slope", "daily"), [(1.0, 5.0), (-1.0, 5.0), (0.5, 2.0), (2.0, 15.0)])
def test_a_ramp_on_a_course_is_a_trend_and_not_change_after_change(
    slope: float, daily: float
) -> None:
    x = course(slope * np.arange(1.0, 49.0), daily=daily)
    made = forecasts(x, 1, DAYS)
    for hours in (24, 36, 48):
        usual = daily * np.sin(2 * np.pi * (QUIET + hours + DAYS - 1) / DAYS)
        further = (made[hours].expected[-1] - usual - 40) / slope
        assert hours + 6 < further < 2 * hours


def test_what_is_further_ahead_is_expected_no_lower() -> None:
    made = forecasts(course(np.arange(1.0, 49.0)), 6, 28)[48]
    assert made.expected[7] >= 88
    assert made.expected[-1] >= made.expected[7]


def test_noise_changes_nothing() -> None:
    made = forecasts(course(np.zeros(200)), 1, 24)
    assert all(each.expected == pytest.approx(40, abs=1.5) for each in made.values())


def test_what_comes_back_is_expected_as_before() -> None:
    after = np.concatenate([np.full(10, 30.0), np.zeros(30)])
    made = forecasts(course(after, daily=5.0), 1, 24)
    usual = 40 + 5 * np.sin(2 * np.pi * np.arange(QUIET + 40, QUIET + 64) / DAYS)
    assert np.abs(made[40].expected - usual).mean() < 1.0


@pytest.mark.parametrize("cut", [1, 3, 5, 40])
def test_resumed_after_a_change_it_goes_on_as_if_nothing_had_been(cut: int) -> None:
    x = course(np.arange(1.0, 49.0))
    series = Series(ForecastConfig(HOUR_NS, 24), chance=0.5)
    for at in range(QUIET + cut):
        series.take((at + 1) * HOUR_NS, float(x[at]))
    resumed = Series(ForecastConfig(HOUR_NS, 24), chance=0.5)
    resumed.restore(loads(dumps(series.snapshot())))  # noqa: S301 - our own
    for at in range(QUIET + cut, x.size):
        one, other = (each.take((at + 1) * HOUR_NS, float(x[at])) for each in (series, resumed))
        assert one is not None
        assert other is not None
        assert (one.expected == other.expected).all()
        assert (one.upper == other.upper).all()


def test_a_state_that_did_not_look_for_changes_goes_on() -> None:
    x = course(np.full(12, 20.0))
    series = Series(ForecastConfig(HOUR_NS, 24), chance=0.5)
    for at in range(QUIET):
        series.take((at + 1) * HOUR_NS, float(x[at]))
    new = ("watch", "fitted", "changed", "usual")
    old = {key: held for key, held in series.snapshot().items() if key not in new}
    resumed, made = Series(ForecastConfig(HOUR_NS, 24), chance=0.5), None
    resumed.restore(old)
    for at in range(QUIET, x.size):
        made = resumed.take((at + 1) * HOUR_NS, float(x[at]))
    assert made is not None
    assert made.expected == pytest.approx(60, abs=1.5)


def test_one_outlier_is_no_change_and_two_are() -> None:
    watch = Watch()
    assert watch.learn(100.0, 5) is None
    assert watch.learn(-0.5, 6) is None
    assert MOST < PASSED
    assert watch.learn(100.0, 7) == 5
    assert watch.calm


def test_a_line_needs_three_cells_and_more_than_noise() -> None:
    two = follow(np.array([45.0, 50.0, 60.0]), 9, FLAT, 0.25)
    assert (two.level, two.trend) == (55.0, 0.0)
    line = follow(np.array([45.0, 50.0, 60.0, 70.0]), 9, FLAT, 0.25)
    assert line.trend == pytest.approx(10.0, abs=0.2)
    assert line.level == pytest.approx(70.0, abs=0.3)
    noise = follow(np.array([45.0, 60.0, 60.4, 59.9, 60.6]), 9, FLAT, 0.25)
    assert noise.trend == 0.0


def test_the_season_of_before_goes_on() -> None:
    season = np.array([-5.0, 0.0, 5.0])
    before = Smoothing(0.1, 0.0, 0.1, 0.9, 40.0, 0.0, season, 0.25)
    numbers = np.arange(10, 20)
    segment = follow(60 + season[numbers % 3], 19, before, 0.25)
    assert segment.ahead(20, 4) == pytest.approx(60 + season[np.arange(20, 24) % 3])


def test_shortly_after_a_change_nothing_is_fitted_to_the_little_there_is() -> None:
    after = np.concatenate([np.zeros(140), np.full(36, 20.0)])
    made = forecasts(course(after, daily=5.0), 1, DAYS)
    assert QUIET + 140 < 640 < QUIET + after.size  # a fit is due at cell 640
    for hours in range(165, 176):
        ahead = QUIET + hours + np.arange(DAYS)
        season = 60 + 5.0 * np.sin(2 * np.pi * ahead / DAYS)
        assert made[hours].expected == pytest.approx(season, abs=2.5)


def test_what_is_usual_is_not_learned_from_what_may_be_a_change() -> None:
    series = Series(ForecastConfig(HOUR_NS, 1, calendar=(DAYS,)), chance=0.5)
    x = course(np.array([20.0, 20.0]))
    usual = 0.0
    for at, value in enumerate(x):
        series.take((at + 1) * HOUR_NS, float(value))
        usual = series._usual if at == QUIET - 1 else usual
    assert 0 < series._usual <= 2 * usual
