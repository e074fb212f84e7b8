"""Statistics that need no baseline."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from operators.detectors.baseline import Arrays, Baseline
from operators.detectors.contract import Floats, Memory, Slots, Times


class Plain(Baseline):
    """The values as they are: for statistics that are 0 where all is usual.

    No state.
    """

    name: ClassVar[str] = "plain"
    streams: ClassVar[int] = 1

    def memory(self) -> Mapping[str, Memory]:
        """Nothing."""
        return {}

    def look(self, arrays: Arrays, slots: Slots, x: Floats, t_ns: Times) -> tuple[Floats, Floats]:
        """See `Baseline`."""
        return x[:, None], np.zeros((x.size, 1))

    def learn(self, arrays: Arrays, slots: Slots, x: Floats, t_ns: Times, cadence: Floats) -> None:
        """See `Baseline`."""
