"""Distance from one and two learned periods ago."""

from operators.detectors.learned_period import LearnedPeriod
from operators.detectors.rarity import RarityDetector


class Periodic(RarityDetector):
    """Rarity of the distance from the points one and two periods ago (`LearnedPeriod`).

    For seasons that are no day or week: a machine's cycle, a job's rhythm. Nothing is judged rare
    until a period is found, after 256 points. Settings and units: `RarityConfig`. State: 370 floats
    a series; a search of the period costs about 30 µs.

    >>> import numpy as np
    >>> from operators.detectors.rarity import RarityConfig
    >>> rng = np.random.default_rng(1)
    >>> at = np.arange(2_000)
    >>> points = np.where(at % 20 < 5, 10.0, 0.0) + rng.normal(0, 0.3, at.size)
    >>> points[1_802] = 0.0
    >>> detector = Periodic(RarityConfig())
    >>> detector.grow(1)
    >>> verdicts = detector.judge(np.zeros(at.size, int), points, at * 600 * 10**9)
    >>> bool(verdicts.anomalous[1_802])
    True

    Source: that of `LearnedPeriod`.
    """

    name = "periodic"
    version = 1
    baselines = (LearnedPeriod(),)
