"""Robust location and scale of many short rows at once."""

import numpy as np
import numpy.typing as npt

from operators.detectors.contract import Floats

Counts = npt.NDArray[np.int32]

_MAD_TO_SIGMA = 1.482602218505602
"""Standard deviation of a normal distribution over its median absolute deviation."""
_CLIP = 3.0
_TAU = 0.9950072780344534
"""Mean of min(z², 9) for normal z."""
_COMMON = 0.1
"""What such a share of the points reach is common."""
_COMMON_SIGMAS = 3.0
_STILL = 1e-9
"""Relative size of what may be rounding and is no movement."""
_RELATIVE_FLOOR = 1e-3
_ABSOLUTE_FLOOR = 1e-12


def medians(points: Floats, n: Counts) -> Floats:
    """Median of the first `n` points of each row; the rows are sorted."""
    rows = np.arange(len(n))
    middle: Floats = (points[rows, (n - 1) // 2] + points[rows, n // 2]) / 2
    return middle


def scales(points: Floats, median: Floats, n: Counts) -> Floats:
    """Robust standard deviation of each row.

    The tau-scale about the median; of rows that are one value most of the time the root mean
    square distance from it, at least 0.1 % of it; of all at least a third of the distance that a
    tenth of the points reach.

    Args:
        points: a row for each series, +inf after its first `n` cells; sorted.
        median: median of each row.
        n: number of points in each row.
    """
    distance = np.abs(points - median[:, None])
    distance.sort(axis=1)
    mad = _MAD_TO_SIGMA * medians(distance, n)
    still = mad <= np.abs(median) * _STILL + _ABSOLUTE_FLOOR
    unit = np.where(still, 1.0, mad)
    clipped = np.minimum(distance / unit[:, None], _CLIP) ** 2
    padding = _CLIP**2 * (points.shape[1] - n)
    scale = unit * np.sqrt((clipped.sum(axis=1) - padding) / n / _TAU)
    if still.any():
        scale[still] = _still_scales(distance[still], median[still], n[still])
    reached = distance[np.arange(len(n)), np.ceil((1 - _COMMON) * n).astype(np.intp) - 1]
    widest: Floats = np.maximum(scale, reached / _COMMON_SIGMAS)
    return widest


def _still_scales(distance: Floats, median: Floats, n: Counts) -> Floats:
    squares = np.where(np.isfinite(distance), distance, 0.0) ** 2
    spread = np.sqrt(squares.sum(axis=1) / n)
    floor = np.abs(median) * _RELATIVE_FLOOR + _ABSOLUTE_FLOOR
    widest: Floats = np.maximum(spread, floor)
    return widest
