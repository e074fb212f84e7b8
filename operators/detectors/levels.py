"""Recent levels: exponentially weighted means."""

from collections.abc import Mapping

import numpy as np

from operators.detectors.baseline import Arrays, Baseline, blend
from operators.detectors.contract import Floats, Memory, Slots, Times

RATES = (0.3, 0.02)
"""Weights of the newest point: means over about 3 and 50 points."""


class Levels(Baseline):
    """Distance from a fast and from a slow exponentially weighted mean (EWMA).

        level ← level + max(rate, 1 / (n + 1)) · (x - level)

    The fast one shows jumps, the slow one what leaves the usual by small steps.

    State: 3 floats. Source: S. Roberts, "Control chart tests based on geometric moving averages",
    Technometrics 1 (1959).
    """

    name = "levels"
    streams = len(RATES)

    def memory(self) -> Mapping[str, Memory]:
        """The levels, and the number of points."""
        return {
            "level": Memory((self.streams,), np.float64, 0.0),
            "count": Memory((), np.float64, 0.0),
        }

    def look(self, arrays: Arrays, slots: Slots, x: Floats, t_ns: Times) -> tuple[Floats, Floats]:
        """See `Baseline`."""
        known = arrays["count"][slots] > 0.0
        level: Floats = np.where(known[:, None], arrays["level"][slots], np.nan)
        return x[:, None] - level, level

    def learn(self, arrays: Arrays, slots: Slots, x: Floats, t_ns: Times, cadence: Floats) -> None:
        """See `Baseline`."""
        count = arrays["count"][slots]
        rates = np.array(RATES)
        level = arrays["level"][slots]
        arrays["level"][slots] = blend(level, x[:, None], rates, count[:, None])
        arrays["count"][slots] = count + 1.0
