"""The fit of additive damped Holt-Winters smoothing to a series that is there."""

import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Fitted:
    """Smoothing after the last point that it was fitted to.

        forecast = level + φ · trend + season
        level    ← α (x - season) + (1 - α) (level + φ · trend)
        trend    ← β (level - level before) + (1 - β) φ · trend
        season   ← γ (x - level before - φ · trend) + (1 - γ) season

    Attributes:
        alpha, beta, gamma, phi: weights and damping, each 0 to 1; no gamma without a season.
        level, trend: where the series is, and how much it moves from point to point.
        season: course of a period, from the point after the last one on; empty for none.
        variance: of the error of the forecasts one point ahead.
        finite: whether the optimiser came to numbers; else those above make no sense.

    Source: P. Winters, "Forecasting sales by exponentially weighted moving averages", Management
    Science 6 (1960).
    """

    alpha: float
    beta: float
    gamma: float
    phi: float
    level: float
    trend: float
    season: Floats
    variance: float
    finite: bool


def fit_damped(points: Floats, period: int, *, brute: bool) -> Fitted | None:
    """Weights that suit some points best: least squares of the errors one point ahead.

    Args:
        points: at least 10, evenly spaced, the oldest first.
        period: points of a season, of which two and 10 points are there; 0 for none.
        brute: whether weights to start from are looked for on a grid first, which takes longer.

    Returns:
        what was found; None where the points are all the same.
    """
    # 110 MiB and seconds of start-up, for those who fit.
    from statsmodels.tools.sm_exceptions import ConvergenceWarning  # noqa: PLC0415 - as above
    from statsmodels.tsa.holtwinters import ExponentialSmoothing  # noqa: PLC0415 - as above

    spread = float(np.ptp(points))
    if not spread > 0.0:
        return None
    origin = float(points[0])
    units = (points - origin) / spread  # the optimiser likes numbers near 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        fitted = ExponentialSmoothing(
            units,
            trend="add",
            damped_trend=True,
            seasonal="add" if period else None,
            seasonal_periods=period or None,
            initialization_method="heuristic",
        ).fit(use_brute=brute)
    chosen = fitted.params
    weights = [chosen["smoothing_level"], chosen["smoothing_trend"], chosen["damping_trend"]]
    alpha, beta, phi = map(float, weights)
    gamma = float(chosen["smoothing_seasonal"]) if period else 0.0
    level, trend = float(fitted.level[-1]), float(fitted.trend[-1])
    used = 5 + period
    variance = float(fitted.sse) / max(points.size - used, points.size / 2)
    return Fitted(
        alpha,
        beta,
        gamma,
        phi,
        level * spread + origin,
        trend * spread,
        fitted.season[-period:] * spread if period else np.empty(0),
        variance * spread * spread,
        finite=bool(np.isfinite([alpha, beta, gamma, phi, level, trend, variance]).all()),
    )
