"""How long nothing has come."""

from collections.abc import Mapping

import numpy as np

from operators.detectors.baseline import Arrays, Baseline, blend
from operators.detectors.contract import Floats, Memory, Slots, Times

RATE = 0.01
FIRST = 3.0


class Gaps(Baseline):
    """Time since the last point, in usual gaps, beyond one.

    State: 3 numbers.
    """

    name = "gaps"
    streams = 1

    def memory(self) -> Mapping[str, Memory]:
        """Usual gap in seconds, gaps in it, time of the last point."""
        return {
            "gap": Memory((), np.float64, 0.0),
            "count": Memory((), np.float64, 0.0),
            "last_ns": Memory((), np.int64, 0),
            "last": Memory((), np.float64, np.nan),
        }

    def look(self, arrays: Arrays, slots: Slots, x: Floats, t_ns: Times) -> tuple[Floats, Floats]:
        """See `Baseline`; what is expected of the value is the last one."""
        gap = arrays["gap"][slots]
        passed = (t_ns - arrays["last_ns"][slots]) / 1e9
        known = (arrays["count"][slots] > FIRST) & (gap > 0.0)
        beyond = np.where(known, passed / np.where(gap > 0.0, gap, 1.0) - 1.0, np.nan)
        return beyond[:, None], arrays["last"][slots][:, None]

    def learn(self, arrays: Arrays, slots: Slots, x: Floats, t_ns: Times, cadence: Floats) -> None:
        """See `Baseline`."""
        count, gap = arrays["count"][slots], arrays["gap"][slots]
        passed = (t_ns - arrays["last_ns"][slots]) / 1e9
        usual = np.where(count > FIRST, np.minimum(passed, 4.0 * gap), passed)
        seen = np.maximum(count - 1.0, 0.0)
        arrays["gap"][slots] = np.where(count > 0.0, blend(gap, usual, RATE, seen), gap)
        arrays["count"][slots] = count + 1.0
        arrays["last_ns"][slots] = t_ns
        arrays["last"][slots] = x
