"""Forecast bands: what exponential smoothing with trend and season expected next."""

from operators.detectors.holt_winters import HoltWinters
from operators.detectors.rarity import RarityDetector


class ForecastBand(RarityDetector):
    """Rarity of the distance from a one-step forecast of damped Holt-Winters smoothing.

        residual = x - (level + trend + season)
        score    = rarity of the residual (`RarityDetector`)

    The smoothing weights are fitted by `statsmodels` to the last 240 points of a series, each time
    it has had another 480, so never by the clock; series that began with different values are
    refitted at different points (`HoltWinters`). Nothing is judged before the first fit. Settings
    and units: `RarityConfig`. State: 480 floats a series; a refit costs about 50 ms, which is
    0.1 ms a point: for some hundred series, not for ten thousand.

    >>> import numpy as np
    >>> from operators.detectors.rarity import RarityConfig
    >>> rng = np.random.default_rng(1)
    >>> at = np.arange(1_500)
    >>> points = 50 + 10 * np.sin(2 * np.pi * at / 24) + rng.normal(0, 1, at.size)
    >>> points[1_400] += 20
    >>> detector = ForecastBand(RarityConfig())
    >>> detector.grow(1)
    >>> verdicts = detector.judge(np.zeros(at.size, int), points, at * 3600 * 10**9)
    >>> bool(verdicts.anomalous[1_400])
    True

    Sources: P. Winters, "Forecasting sales by exponentially weighted moving averages", Management
    Science 6 (1960); E. Gardner and E. McKenzie, "Forecasting trends in time series", Management
    Science 31 (1985), for the damping.
    """

    name = "forecast_band"
    version = 1
    baselines = (HoltWinters(),)
