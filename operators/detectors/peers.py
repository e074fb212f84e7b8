"""One machine against its group, now."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from operators.detectors.contract import Floats, Slots, Times, Verdicts
from operators.detectors.plain import Plain
from operators.detectors.rarity import RarityConfig, RarityDetector

Groups = Callable[[Slots], Slots]
"""The group of each slot, by number."""

LEAST_PEERS = 4
"""Points that a group needs to have a middle and a spread."""
_MAD_TO_SIGMA = 1.4826


class Peers(RarityDetector):
    """Rarity of the distance from the median of the group at the same time.

        z     = (x - median of the group) / (1.48 · MAD of the group)
        score = rarity of z among the member's own (`RarityDetector`)

    A member that is always a little higher than its group is not rare: it is held against its own
    usual place in the group. What moves all of them is not told. Groups of fewer than four points
    in a call are not judged, nor learned from. All members must be in one call; verdicts depend on
    who is in it.

    `group` tells the group of each slot, by any number. Settings and units: `RarityConfig`;
    `min_deviation` in robust deviations of the group. State: 120 floats a series.

    >>> rng = np.random.default_rng(1)
    >>> detector = Peers(RarityConfig(), lambda slots: slots // 10)
    >>> detector.grow(20)
    >>> slots = np.arange(20)
    >>> for minute in range(2_000):
    ...     points = 50 + 20 * np.sin(minute / 100) + rng.normal(0, 1, 20)
    ...     points[3] -= 20.0 * (minute == 1_500)
    ...     verdicts = detector.judge(slots, points, np.full(20, minute * 600 * 10**9))
    ...     if minute >= 1_500 and verdicts.anomalous[3]:
    ...         print(minute, verdicts.direction[3])
    ...         break
    1500 -1

    Source: B. Iglewicz and D. Hoaglin, "How to detect and handle outliers" (1993), for z.
    """

    name = "peers"
    version = 1
    baselines = (Plain(),)

    def __init__(self, config: RarityConfig, group: Groups) -> None:
        self._group = group
        super().__init__(config)

    def score(self, slots: Slots, x: Floats, t_ns: Times) -> Verdicts:
        """See `Detector.score`; expected value and band in the unit of the points."""
        z, middle, unit = self._stand(slots, x)
        return _in_units(super().score(slots, z, t_ns), middle, unit)

    def learn(self, slots: Slots, x: Floats, t_ns: Times, verdicts: Verdicts) -> None:
        """See `Detector.learn`."""
        z, _, _ = self._stand(slots, x)
        super().learn(slots, z, t_ns, verdicts)

    def turn(self, slots: Slots, x: Floats, t_ns: Times) -> Verdicts:
        """See `Detector.turn`."""
        z, middle, unit = self._stand(slots, x)
        return _in_units(super().turn(slots, z, t_ns), middle, unit)

    def _stand(self, slots: Slots, x: Floats) -> tuple[Floats, Floats, Floats]:
        """Place of each point in its group, the group's median and robust deviation."""
        groups = self._group(slots)
        z, middle, unit = np.full((3, x.size), np.nan)
        for group in np.unique(groups):
            at = np.flatnonzero((groups == group) & np.isfinite(x))
            if at.size >= LEAST_PEERS:
                middle[at] = median = np.median(x[at])
                spread = _MAD_TO_SIGMA * np.median(np.abs(x[at] - median))
                unit[at] = max(float(spread), 1e-6 * abs(float(median)), 1e-12)
        known = np.isfinite(middle)
        z[known] = (x[known] - middle[known]) / unit[known]
        return z, middle, unit


def _in_units(verdicts: Verdicts, middle: Floats, unit: Floats) -> Verdicts:
    return replace(
        verdicts,
        expected=middle + verdicts.expected * unit,
        lower=middle + verdicts.lower * unit,
        upper=middle + verdicts.upper * unit,
    )
