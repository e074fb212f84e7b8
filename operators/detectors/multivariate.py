"""Signals of one key that no longer go together."""

from collections.abc import Mapping

import numpy as np

from operators.detectors.contract import Floats, Memory, Slots, Times, Verdicts
from operators.detectors.plain import Plain
from operators.detectors.rarity import RarityConfig, RarityDetector

RATE = 0.002
"""Weight of the newest point in mean and covariance."""
FAR = 3.0
"""Distances, in the root of the number of signals, beyond which a point counts less."""
FIRST = 10.0
"""Points for each signal that mean and covariance rest on before distances are taken."""
RIDGE = 1e-3
"""Share of the variances that is added to them, for signals that depend on one another."""


class Multivariate(RarityDetector):
    """Rarity of the robust Mahalanobis distance of a key's signals.

        d      = sqrt((x - mean)ᵀ · (cov + ridge)⁻¹ · (x - mean))
        weight = min(1, 3 sqrt(k) / d)
        mean  ← mean + rate · weight · (x - mean),  cov likewise
        score  = rarity of d among the key's own distances (`RarityDetector`)

    Each signal may be in its usual range while together they are not: load without traffic. Mean
    and covariance are learned with Huber's weights, so that a few outliers, however far, move them
    little.

    Points come as an array with a row for each key and a column for each of the `signals`; a row
    with a NaN is neither judged nor learned from. `expected` is 0, the band and `min_deviation`
    are in distances, `direction` is always up. Settings: `RarityConfig`. State: 120 + k + k²
    floats a key; cost: k³ operations a point.

    >>> rng = np.random.default_rng(1)
    >>> load = rng.normal(50.0, 10.0, 2_000)
    >>> points = np.stack([load, 2 * load + rng.normal(0, 1, 2_000)], axis=1)
    >>> points[1_500] = 60.0, 80.0
    >>> detector = Multivariate(RarityConfig(), signals=2)
    >>> detector.grow(1)
    >>> times = np.arange(2_000) * 600 * 10**9
    >>> verdicts = detector.judge(np.zeros(2_000, int), points, times)
    >>> bool(verdicts.anomalous[1_500])
    True

    Sources: P. Mahalanobis, "On the generalised distance in statistics" (1936); P. Huber, "Robust
    statistics" (1981), for the weights.
    """

    name = "multivariate"
    version = 1
    baselines = (Plain(),)

    def __init__(self, config: RarityConfig, signals: int) -> None:
        if signals < 2:
            raise ValueError(f"signals is {signals}: it must be at least 2")
        self.signals = signals
        super().__init__(config)

    def memory(self) -> Mapping[str, Memory]:
        """Mean, covariance and number of points, beside what all rarities need."""
        k = self.signals
        return {
            **super().memory(),
            "signals.mean": Memory((k,), np.float64, 0.0),
            "signals.cov": Memory((k, k), np.float64, 0.0),
            "signals.count": Memory((), np.float64, 0.0),
        }

    def score(self, slots: Slots, x: Floats, t_ns: Times) -> Verdicts:
        """See `Detector.score`."""
        return super().score(slots, self.distances(slots, x), t_ns)

    def learn(self, slots: Slots, x: Floats, t_ns: Times, verdicts: Verdicts) -> None:
        """See `Detector.learn`."""
        distance = self.distances(slots, x)
        super().learn(slots, distance, t_ns, verdicts)
        self._learn_signals(slots, x, distance)

    def turn(self, slots: Slots, x: Floats, t_ns: Times) -> Verdicts:
        """See `Detector.turn`."""
        distance = self.distances(slots, x)
        verdicts = super().turn(slots, distance, t_ns)
        self._learn_signals(slots, x, distance)
        return verdicts

    def distances(self, slots: Slots, x: Floats) -> Floats:
        """Distance of each row from its key's mean; NaN where a signal is missing."""
        cov = self._arrays["signals.cov"][slots]
        variances = np.einsum("nkk->nk", cov)
        ridge = variances * RIDGE + 1e-12
        full = cov + ridge[:, :, None] * np.eye(self.signals)
        deviation = x - self._arrays["signals.mean"][slots]
        finite = np.isfinite(deviation).all(axis=1)
        settled = self._arrays["signals.count"][slots] >= FIRST * self.signals
        solved = np.linalg.solve(full, np.where(finite[:, None], deviation, 0.0)[:, :, None])
        squared = (np.where(finite[:, None], deviation, 0.0) * solved[:, :, 0]).sum(axis=1)
        distance: Floats = np.where(finite & settled, np.sqrt(np.maximum(squared, 0.0)), np.nan)
        return distance

    def _learn_signals(self, slots: Slots, x: Floats, distance: Floats) -> None:
        finite = np.isfinite(x).all(axis=1)
        at, distance = slots[finite], distance[finite]
        arrays = self._arrays
        count = arrays["signals.count"][at]
        far = FAR * np.sqrt(self.signals)
        known = np.isfinite(distance)
        weight = np.where(known, far / np.maximum(distance, far), 1.0)
        rate = (np.maximum(RATE, 1.0 / (count + 1.0)) * weight)[:, None]
        deviation = x[finite] - arrays["signals.mean"][at]
        moved = rate * deviation
        arrays["signals.mean"][at] += moved
        spread = (1.0 - rate[:, :, None]) * moved[:, :, None] * deviation[:, None, :]
        cov = arrays["signals.cov"][at]
        arrays["signals.cov"][at] = (1.0 - rate[:, :, None]) * cov + spread
        arrays["signals.count"][at] = count + 1.0
