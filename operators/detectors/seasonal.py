"""Seasonal profile: distance from what is usual at this time of the day and the week."""

from operators.detectors.profile import DayProfile
from operators.detectors.rarity import RarityDetector
from operators.detectors.season import Season


class Seasonal(RarityDetector):
    """Rarity of the distance from the usual course of the day and the week.

        residual = x - mean of this eighth of the day (`DayProfile`)
        residual = (x - mean of this hour of the week - level) / usual distance there (`Season`)
        score    = rarity of the rarer residual (`RarityDetector`)

    A part of the day that was not seen yet says nothing: the first day is hardly judged. Hours are
    those of UTC. Settings and units: `RarityConfig`. State: 630 floats a series.

    >>> import numpy as np
    >>> from operators.detectors.rarity import RarityConfig
    >>> rng = np.random.default_rng(1)
    >>> at = np.arange(14 * 144)
    >>> points = 50 + 20 * np.sin(2 * np.pi * at / 144) + rng.normal(0, 1, at.size)
    >>> points[1_836] = 50 - (points[1_836] - 50)
    >>> detector = Seasonal(RarityConfig())
    >>> detector.grow(1)
    >>> verdicts = detector.judge(np.zeros(at.size, int), points, at * 600 * 10**9)
    >>> np.flatnonzero(verdicts.anomalous)[-1:].tolist()
    [1836]

    Source: P. Winters, "Forecasting sales by exponentially weighted moving averages", Management
    Science 6 (1960).
    """

    name = "seasonal"
    version = 1
    baselines = (DayProfile(), Season())
