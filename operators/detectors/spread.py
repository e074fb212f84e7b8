"""How restless a series is."""

from collections.abc import Mapping

import numpy as np

from operators.detectors.baseline import Arrays, Baseline, blend
from operators.detectors.contract import Floats, Memory, Slots, Times

LEVEL_RATE = 0.3
RATE = 0.05
"""Weight of the newest movement: a mean over about 20 points."""


class Spread(Baseline):
    """Recent mean distance from the fast level: shows changes of the variance, up and down.

    State: 3 floats.
    """

    name = "spread"
    streams = 1

    def memory(self) -> Mapping[str, Memory]:
        """Level, mean distance from it, number of points."""
        return {key: Memory((), np.float64, 0.0) for key in ("level", "spread", "count")}

    def look(self, arrays: Arrays, slots: Slots, x: Floats, t_ns: Times) -> tuple[Floats, Floats]:
        """See `Baseline`."""
        count = arrays["count"][slots]
        spread = np.where(count > 1.0, arrays["spread"][slots], np.nan)
        level = np.where(count > 0.0, arrays["level"][slots], np.nan)
        return spread[:, None], level[:, None]

    def learn(self, arrays: Arrays, slots: Slots, x: Floats, t_ns: Times, cadence: Floats) -> None:
        """See `Baseline`."""
        count, level = arrays["count"][slots], arrays["level"][slots]
        moved = np.where(count > 0.0, np.abs(x - level), 0.0)
        arrays["spread"][slots] = blend(arrays["spread"][slots], moved, RATE, count)
        arrays["level"][slots] = blend(level, x, LEVEL_RATE, count)
        arrays["count"][slots] = count + 1.0
