"""Exponential smoothing with damped trend and season: fitted, carried on, looked ahead with."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt

from operators.smoothing.holt_winters import fit_damped
from tidegauge.savedstate import saved_type

Floats = npt.NDArray[np.float64]

MEMORY = 64
"""The error's variance rests on about so many points."""


@saved_type
@dataclass(slots=True)
class Smoothing:
    """Additive damped Holt-Winters smoothing of one series of evenly spaced points.

        forecast(h) = level + (φ + … + φ^h) trend + season[(n + h) mod period]
        level  ← α (x - season) + (1 - α) (level + φ trend)
        trend  ← β (level - level before) + (1 - β) φ trend
        season ← γ (x - level before - φ trend) + (1 - γ) season

    The variance of the error h points ahead is that of one point ahead times
    1 + c₁² + … + c² of h - 1, with c of j = α + α β (φ + … + φ^j) + γ where j is a multiple of the
    period.

    Points are told apart by their number, so that the season stays in step over gaps.

    Attributes:
        alpha, beta, gamma, phi: weights and damping, each 0 to 1.
        level, trend: where the series is, and how much it moves from point to point.
        season: course of a period, by the point's number modulo its length; empty for none.
        variance: of the error of the forecasts one point ahead.

    Sources: P. Winters, "Forecasting sales by exponentially weighted moving averages", Management
    Science 6 (1960); R. Hyndman, A. Koehler, J. Ord, R. Snyder, "Forecasting with exponential
    smoothing: the state space approach" (2008), chapter 6, for the variances.
    """

    alpha: float
    beta: float
    gamma: float
    phi: float
    level: float
    trend: float
    season: Floats
    variance: float

    def ahead(self, next_number: int, points: int) -> Floats:
        """Forecasts of the points `next_number`, `next_number` + 1 and so on."""
        damped = np.cumsum(self.phi ** np.arange(1, points + 1))
        forecast: Floats = self.level + damped * self.trend
        if self.season.size:
            forecast += self.season[(next_number + np.arange(points)) % self.season.size]
        return forecast

    def variances(self, points: int) -> Floats:
        """Variances of the errors of `ahead`."""
        steps = np.arange(1, points)
        reach = self.alpha + self.alpha * self.beta * np.cumsum(self.phi**steps)
        if self.season.size:
            reach = reach + np.where(steps % self.season.size == 0, self.gamma, 0.0)
        growth: Floats = np.concatenate([[1.0], 1.0 + np.cumsum(reach**2)])
        return self.variance * growth

    def learn(self, number: int, x: float) -> None:
        """Take in the next point."""
        season = self._season(number)
        drift = self.phi * self.trend
        before = self.level + drift
        error = x - before - season
        self.variance += (error * error - self.variance) / MEMORY
        level = self.alpha * (x - season) + (1.0 - self.alpha) * before
        self.trend = self.beta * (level - self.level) + (1.0 - self.beta) * drift
        self.level = level
        if self.season.size:
            at = number % self.season.size
            self.season[at] = self.gamma * (x - before) + (1.0 - self.gamma) * season

    def skip(self) -> None:
        """Pass over a point that is missing."""
        self.trend *= self.phi
        self.level += self.trend

    def copy(self) -> Self:
        """One that changes by itself."""
        return replace(self, season=self.season.copy())

    def _season(self, number: int) -> float:
        return float(self.season[number % self.season.size]) if self.season.size else 0.0


def fit(points: Floats, period: int, last_number: int) -> Smoothing | None:
    """Smoothing after the last of some points, with the weights that suit them best.

    Points that are all the same give one that expects the last value.

    Args:
        points: at least 10, evenly spaced, the oldest first.
        period: points of a season, of which two and 10 points are there; 0 for none.
        last_number: number of the last point.

    Returns:
        the smoothing; None where no sensible one was found.
    """
    fitted = fit_damped(points, period, brute=False)
    if fitted is None:
        return Smoothing(1.0, 0.0, 0.0, 0.0, float(points[-1]), 0.0, np.empty(0), 0.0)
    if not fitted.finite:
        return None
    return Smoothing(
        fitted.alpha,
        fitted.beta,
        fitted.gamma,
        fitted.phi,
        fitted.level,
        fitted.trend,
        np.roll(fitted.season, last_number + 1),
        fitted.variance,
    )
