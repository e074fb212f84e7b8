"""Sensors that are stuck, and sources that fall silent."""

import math

import numpy as np

from operators.detectors.contract import Floats, Slots, Times
from operators.detectors.gaps import Gaps
from operators.detectors.rarity import RarityDetector
from operators.detectors.runs import Runs


class FlatLine(RarityDetector):
    """Rarity of a run of equal points, and of the time without any point.

        residual = equal points in a row beyond what is nothing (`Runs`)
        residual = time since the last point in usual gaps, beyond one (`Gaps`)
        score    = rarity of the rarer residual (`RarityDetector`)

    A gap is judged when the next point ends it; `silence` judges one that goes on. A series of
    which a twentieth of the points repeat the one before is never called stuck. Settings and units:
    `RarityConfig`; `direction` has no meaning here. State: 230 floats a series.

    >>> from operators.detectors.rarity import RarityConfig
    >>> rng = np.random.default_rng(1)
    >>> points = rng.normal(0.0, 1.0, 2_000)
    >>> points[1_500:1_520] = 0.5
    >>> detector = FlatLine(RarityConfig())
    >>> detector.grow(1)
    >>> times = np.arange(points.size) * 600 * 10**9
    >>> verdicts = detector.judge(np.zeros(points.size, int), points, times)
    >>> np.flatnonzero(verdicts.anomalous).tolist()
    [1513]
    >>> later = times[-1:] + 3600 * 10**9
    >>> bool(detector.silence(np.array([0]), later)[0] > 0.999)
    True
    """

    name = "flat_line"
    version = 1
    baselines = (Runs(), Gaps())
    # The statistic climbs while one and the same event goes on: only alarms echo, and wholly.
    louder = math.inf
    remembered = math.inf

    def silence(self, slots: Slots, now_ns: Times) -> Floats:
        """Rarity of having had no point until now; changes nothing.

        Args:
            slots: the series.
            now_ns: time that is judged, not before the last point of the series.
        """
        verdicts = self.score(slots, np.zeros(slots.size), now_ns)
        rarities: Floats = np.where(verdicts.judged, verdicts.score, 0.0)
        return rarities
