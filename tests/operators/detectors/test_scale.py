import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import stats

from operators.detectors.contract import Floats
from operators.detectors.scale import medians, scales

WIDTH = 12
CLIPPED = stats.norm.expect(lambda z: np.minimum(z * z, 9.0))
ROWS = st.lists(
    arrays.arrays(
        np.float64, st.integers(2, WIDTH), elements=st.floats(-1e6, 1e6, allow_subnormal=False)
    ),
    min_size=1,
    max_size=6,
)


def _padded(rows: list[Floats]) -> Floats:
    padded = np.full((len(rows), WIDTH), np.inf)
    for row, points in enumerate(rows):
        padded[row, : len(points)] = np.sort(points)
    return padded


def _scale(points: Floats) -> float:
    """The scale of one series, written down plainly."""
    median = float(np.median(points))
    distance = np.abs(points - median)
    mad = float(stats.median_abs_deviation(points, scale="normal"))
    if mad > abs(median) * 1e-9 + 1e-12:
        rho = np.minimum(distance / mad, 3.0) ** 2
        scale = mad * np.sqrt(rho.mean() / CLIPPED)
    else:
        scale = max(float(np.sqrt((distance**2).mean())), abs(median) * 1e-3 + 1e-12)
    common = np.sort(distance)[int(np.ceil(0.9 * len(points))) - 1]
    return max(float(scale), float(common) / 3)


@given(ROWS)
def test_medians_and_scales_are_those_of_numpy_and_scipy(rows: list[Floats]) -> None:
    n = np.array([len(points) for points in rows], np.int32)
    padded = _padded(rows)
    median = medians(padded, n)
    assert median == pytest.approx([np.median(points) for points in rows])
    expected = [_scale(points) for points in rows]
    assert scales(padded, median, n) == pytest.approx(expected, rel=1e-6)


def test_the_scale_of_normal_points_is_their_standard_deviation() -> None:
    points = np.sort(np.random.default_rng(1).normal(5.0, 3.0, (200, 500)), axis=1)
    n = np.full(200, 500, np.int32)
    assert scales(points, medians(points, n), n).mean() == pytest.approx(3.0, rel=0.02)


@pytest.mark.parametrize("outliers", [0, 5, 9])
def test_a_few_outliers_however_far_move_the_scale_little(outliers: int) -> None:
    points = np.random.default_rng(2).normal(0.0, 1.0, (50, 100))
    points[:, :outliers] = 1e9
    points.sort(axis=1)
    n = np.full(50, 100, np.int32)
    assert 0.9 < scales(points, medians(points, n), n).mean() < 1.5
