"""Change points: a level that has moved, told once."""

import math

from operators.detectors.cusum import Cusum
from operators.detectors.rarity import RarityDetector


class ChangePoint(RarityDetector):
    """Rarity of the cumulative sum of distances from a reference level.

    A lasting shift, also of less than one usual deviation, sums up until it is rare. It is one
    alarm: the reference then moves to the new level and the sums begin anew (`Cusum`), and what
    comes within 20 hours and 300 points is an echo. Settings and units: `RarityConfig`. State: 120
    floats a series.

    >>> import numpy as np
    >>> from operators.detectors.rarity import RarityConfig
    >>> rng = np.random.default_rng(1)
    >>> points = rng.normal(0.0, 1.0, 4_000)
    >>> points[3_000:] += 2.5
    >>> detector = ChangePoint(RarityConfig())
    >>> detector.grow(1)
    >>> times = np.arange(points.size) * 600 * 10**9
    >>> verdicts = detector.judge(np.zeros(points.size, int), points, times)
    >>> found = np.flatnonzero(verdicts.anomalous)
    >>> len(found[(found >= 3_000) & (found < 3_030)])
    1

    Source: E. Page, "Continuous inspection schemes", Biometrika 41 (1954).
    """

    name = "change_point"
    version = 1
    baselines = (Cusum(),)
    # The statistic climbs while one and the same event goes on: only alarms echo, and wholly.
    louder = math.inf
    remembered = math.inf
