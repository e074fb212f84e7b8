import numpy as np
import pytest
from statsmodels.tsa.holtwinters import ExponentialSmoothing

from operators.forecasts.smoothing import Floats, Smoothing, fit


def series(period: int, points: int = 120) -> Floats:
    at = np.arange(points)
    season = np.sin(2 * np.pi * at / period) if period else 0.0
    noise: Floats = np.random.default_rng(2).normal(0, 0.3, points)
    found: Floats = 100 + 0.1 * at + 5 * season + noise.cumsum()
    return found


@pytest.mark.parametrize("period", [0, 12])
@pytest.mark.parametrize("last_number", [119, 1_000_003])
def test_it_expects_what_the_library_expects(period: int, last_number: int) -> None:
    points = series(period)
    found = fit(points, period, last_number)
    assert found is not None
    library = ExponentialSmoothing(
        (points - points[0]) / np.ptp(points),
        trend="add",
        damped_trend=True,
        seasonal="add" if period else None,
        seasonal_periods=period or None,
        initialization_method="heuristic",
    ).fit(use_brute=False)
    expected = library.forecast(30) * np.ptp(points) + points[0]
    # The library leaves out what the season learned from the very last point.
    np.testing.assert_allclose(found.ahead(last_number + 1, 30), expected, rtol=1e-5)


def test_learning_goes_on_as_the_library_does() -> None:
    """The recursion with fixed weights, over the points after the start."""
    points, period = series(12), 12
    found = Smoothing(0.3, 0.1, 0.2, 0.9, 100.0, 0.2, np.sin(np.arange(12.0)), 1.0)
    fixed = ExponentialSmoothing(
        points,
        trend="add",
        damped_trend=True,
        seasonal="add",
        seasonal_periods=period,
        initialization_method="known",
        initial_level=100.0,
        initial_trend=0.2,
        initial_seasonal=np.sin(np.arange(12.0)),
    ).fit(
        smoothing_level=0.3,
        smoothing_trend=0.1,
        smoothing_seasonal=0.2,
        damping_trend=0.9,
        optimized=False,
    )
    for number, x in enumerate(points):
        assert found.ahead(number, 1)[0] == pytest.approx(fixed.fittedvalues[number])
        found.learn(number, float(x))


def test_variances_are_those_of_simulated_errors() -> None:
    start = Smoothing(0.4, 0.2, 0.3, 0.9, 0.0, 0.0, np.zeros(4), 1.0)
    chance = np.random.default_rng(1)
    errors = np.zeros((4_000, 10))
    for row in errors:
        now = start.copy()
        for ahead, shock in enumerate(chance.normal(size=10)):
            row[ahead] = now.ahead(ahead, 1)[0] + shock
            now.learn(ahead, row[ahead])
    np.testing.assert_allclose(errors.var(axis=0), start.variances(10), rtol=0.1)


def test_a_skipped_point_is_as_one_that_came_as_expected() -> None:
    one = Smoothing(0.4, 0.2, 0.3, 0.9, 5.0, 1.0, np.arange(4.0), 1.0)
    other = one.copy()
    other.learn(6, float(other.ahead(6, 1)[0]))
    one.skip()
    np.testing.assert_allclose(one.ahead(7, 8), other.ahead(7, 8))


def test_without_a_season_its_weight_widens_nothing() -> None:
    start = Smoothing(0.4, 0.2, 0.3, 0.9, 0.0, 0.0, np.empty(0), 1.0)
    steps = 0.4 + 0.4 * 0.2 * np.cumsum(0.9 ** np.arange(1, 10))
    np.testing.assert_allclose(start.variances(10)[1:], 1.0 + np.cumsum(steps**2))
