"""How long a series has stood still."""

from collections.abc import Mapping

import numpy as np

from operators.detectors.baseline import Arrays, Baseline, blend
from operators.detectors.contract import Floats, Memory, Slots, Times

SHORTEST = 10.0
"""Equal points in a row that are nothing, in a series that hardly ever repeats a value."""
OFTEN = 0.05
"""Share of points that repeat the one before at which long runs tell nothing any more."""
LEAST = 0.01
RATE = 0.001
LONGEST = 300.0
"""Equal points in a row beyond which it is all one."""


class Runs(Baseline):
    """One and the number of equal points in a row, this one included, above what is nothing.

        nothing = 10 / (1 - repeats / 0.05), of the share of points that repeat the one before

    A series of which a twentieth of the points repeat stands still by nature: nothing is said of
    it.

    What is learned are whole runs, each when it ends: a long one is rare however many points it
    has. A series that has not moved for 300 points has nothing more to tell.

    State: 4 floats.
    """

    name = "runs"
    streams = 1

    def memory(self) -> Mapping[str, Memory]:
        """The last value, how often in a row it was there, the share of repetitions, points."""
        return {
            "last": Memory((), np.float64, np.nan),
            "run": Memory((), np.float64, 0.0),
            "repeats": Memory((), np.float64, 0.0),
            "count": Memory((), np.float64, 0.0),
        }

    def look(self, arrays: Arrays, slots: Slots, x: Floats, t_ns: Times) -> tuple[Floats, Floats]:
        """See `Baseline`."""
        last = arrays["last"][slots]
        run = np.where(x == last, arrays["run"][slots] + 1.0, 1.0)
        beyond = np.where(run < LONGEST, _beyond(arrays, slots, run), np.nan)
        return beyond[:, None], last[:, None]

    def lessons(self, arrays: Arrays, slots: Slots, x: Floats, residuals: Floats) -> Floats:
        """See `Baseline`: the run that the point has ended."""
        ended = (x != arrays["last"][slots]) & (arrays["run"][slots] > 0.0)
        run: Floats = np.where(ended, _beyond(arrays, slots, arrays["run"][slots]), np.nan)
        return run[:, None]

    def learn(self, arrays: Arrays, slots: Slots, x: Floats, t_ns: Times, cadence: Floats) -> None:
        """See `Baseline`."""
        same, count = x == arrays["last"][slots], arrays["count"][slots]
        run = np.where(same, arrays["run"][slots] + 1.0, 1.0)
        arrays["run"][slots] = np.minimum(run, LONGEST)
        repeated = np.where(same, 1.0, 0.0)
        arrays["repeats"][slots] = blend(arrays["repeats"][slots], repeated, RATE, count)
        arrays["count"][slots] = count + 1.0
        arrays["last"][slots] = x


def _beyond(arrays: Arrays, slots: Slots, run: Floats) -> Floats:
    nothing = SHORTEST / np.maximum(1.0 - arrays["repeats"][slots] / OFTEN, LEAST)
    beyond: Floats = np.maximum(run - nothing, 0.0) + 1.0
    return beyond
