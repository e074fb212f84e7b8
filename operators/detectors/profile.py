"""The usual course of a day."""

from collections.abc import Mapping

import numpy as np

from operators.detectors.baseline import Arrays, Baseline, blend
from operators.detectors.contract import Floats, Memory, Slots, Times

DAY_NS = 86_400_000_000_000
PARTS = 8
"""Parts of the day: coarse, so that a few days and few points a day are enough."""
RATE = 0.02
HOURS_TO_FORGET = 4.0
"""Time that a part of the day rests on, where there are many points in it."""

PART_NS = DAY_NS // PARTS


class DayProfile(Baseline):
    """Distance from what was usual in this eighth of the day.

        part ← part + max(min(rate, cadence / 4 h), 1 / (n + 1)) · (x - part)

    A part of the day that was not seen yet says nothing. State: 16 floats.
    """

    name = "day"
    streams = 1

    def memory(self) -> Mapping[str, Memory]:
        """Mean and number of points for each part of the day."""
        return {
            "mean": Memory((PARTS,), np.float64, 0.0),
            "count": Memory((PARTS,), np.float64, 0.0),
        }

    def look(self, arrays: Arrays, slots: Slots, x: Floats, t_ns: Times) -> tuple[Floats, Floats]:
        """See `Baseline`."""
        at = slots, t_ns % DAY_NS // PART_NS
        mean = np.where(arrays["count"][at] > 0.0, arrays["mean"][at], np.nan)[:, None]
        return x[:, None] - mean, mean

    def learn(self, arrays: Arrays, slots: Slots, x: Floats, t_ns: Times, cadence: Floats) -> None:
        """See `Baseline`."""
        at = slots, t_ns % DAY_NS // PART_NS
        count = arrays["count"][at]
        rate = np.minimum(RATE, cadence / (HOURS_TO_FORGET * 3600.0))
        arrays["mean"][at] = blend(arrays["mean"][at], x, rate, count)
        arrays["count"][at] = count + 1.0
