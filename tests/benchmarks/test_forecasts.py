"""The benchmark of forecasts: what it compares, and that forecasts are worth having."""

import numpy as np
import pytest

from benchmarks.forecasts import Case, _before, config_of, follow, measure
from benchmarks.simulated_series import DAY, WEEK, usual


@pytest.mark.parametrize(("lag", "known"), [(3, [7, 8, 9, 7, 8]), (4, [6, 7, 8, 9, 6])])
def test_the_naive_forecast_knows_only_what_was_there(lag: int, known: list[int]) -> None:
    assert _before(np.arange(20.0), 9, 5, lag).tolist() == known


def test_points_are_held_against_what_was_forecast_for_them() -> None:
    """A series that repeats itself is forecast without an error, and so it is naively."""
    points = np.tile(np.arange(float(DAY)), 5 * 7)
    inside, error, daily, weekly, width = follow(config_of(Case("1d", "1d", 0.9)), points)
    # 24 forecasts a day, in the last week but the last day.
    assert inside.shape == error.shape == (24 * 6, 24)
    assert daily.max() == weekly.max() == 0.0
    # Six points an hour, told by their mean.
    assert error.max() == pytest.approx(1.5, abs=0.01)
    assert (width > 0).all()


def test_a_band_holds_what_it_says_and_forecasts_are_better_than_naive_ones() -> None:
    points, _ = usual(np.random.default_rng(5), 2, 6)
    assert points.shape == (6 * WEEK, 2)
    assert measure(Case("1d", "1w", 0.9), points).met
