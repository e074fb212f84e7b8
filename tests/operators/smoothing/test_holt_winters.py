import numpy as np
import pytest

from operators.smoothing.holt_winters import fit_damped

SEASON = np.array([0.0, 5.0, 9.0, 5.0, 0.0, -5.0, -9.0])


@pytest.mark.parametrize("brute", [True, False])
def test_the_season_begins_with_the_point_after_the_last_one(*, brute: bool) -> None:
    noise = np.random.default_rng(3).normal(0.0, 0.1, 73)
    points = 100.0 + SEASON[np.arange(73) % 7] + noise
    fitted = fit_damped(points, 7, brute=brute)
    assert fitted is not None
    assert fitted.finite
    after = fitted.level + fitted.season
    np.testing.assert_allclose(after, 100.0 + SEASON[(73 + np.arange(7)) % 7], atol=1.0)


def test_without_a_season_there_is_neither_a_course_nor_a_weight_for_it() -> None:
    fitted = fit_damped(np.random.default_rng(3).normal(0.0, 1.0, 40), 0, brute=False)
    assert fitted is not None
    assert fitted.season.size == 0
    assert fitted.gamma == 0.0


def test_points_that_are_all_the_same_have_no_fit() -> None:
    assert fit_damped(np.full(40, 3.0), 7, brute=False) is None


def test_a_fit_goes_with_the_unit_and_the_origin_of_the_points() -> None:
    points = np.random.default_rng(5).normal(0.0, 1.0, 64)
    one, other = (fit_damped(of, 0, brute=True) for of in (points, 4.0 * points + 1024.0))
    assert one is not None
    assert other is not None
    assert other.level == pytest.approx(4.0 * one.level + 1024.0)
    assert other.variance == pytest.approx(16.0 * one.variance)
