"""EWMA residuals: distance from where the series has just been."""

from operators.detectors.levels import Levels
from operators.detectors.rarity import RarityDetector


class Ewma(RarityDetector):
    """Rarity of the distance from exponentially weighted means of about 3 and 50 points.

        residual = x - level;  level ← level + rate · residual
        score    = rarity of the rarer residual (`RarityDetector`)

    For series without seasons, or much faster than theirs. Settings and units: `RarityConfig`.
    State: 220 floats a series; cost: about 1 µs a point over many series.

    >>> import numpy as np
    >>> from operators.detectors.rarity import RarityConfig
    >>> rng = np.random.default_rng(1)
    >>> points = rng.normal(20.0, 0.5, 2_000)
    >>> points[1_500] = 30.0
    >>> detector = Ewma(RarityConfig())
    >>> detector.grow(1)
    >>> times = np.arange(points.size) * 600 * 10**9
    >>> verdicts = detector.judge(np.zeros(points.size, int), points, times)
    >>> np.flatnonzero(verdicts.anomalous)[-1:].tolist(), bool(verdicts.score[1_500] > 0.999)
    ([1500], True)

    Source: S. Roberts, "Control chart tests based on geometric moving averages", Technometrics 1
    (1959).
    """

    name = "ewma"
    version = 1
    baselines = (Levels(),)
