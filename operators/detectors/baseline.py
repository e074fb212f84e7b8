"""What a point can be held against."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from operators.detectors.contract import Floats, Memory, Slots, Times

Arrays = Mapping[str, Floats]


class Baseline(ABC):
    """One or more streams of residuals that a series leaves behind: 0 where all is as expected.

    It keeps its state in arrays that it declares and is given; `look` changes nothing.
    """

    name: ClassVar[str]
    streams: ClassVar[int]

    @abstractmethod
    def memory(self) -> Mapping[str, Memory]:
        """The arrays of the state."""

    @abstractmethod
    def look(self, arrays: Arrays, slots: Slots, x: Floats, t_ns: Times) -> tuple[Floats, Floats]:
        """Residuals, NaN where nothing is known yet, and what the points were expected to be.

        Both with a row for each point and a column for each stream.
        """

    def lessons(self, arrays: Arrays, slots: Slots, x: Floats, residuals: Floats) -> Floats:
        """The residuals that the points add to what is known of their streams; NaN adds nothing.

        Args:
            arrays: the state, before it has learned from the points.
            slots: series of each point.
            x: finite points.
            residuals: what `look` returned for them.
        """
        return residuals

    @abstractmethod
    def learn(self, arrays: Arrays, slots: Slots, x: Floats, t_ns: Times, cadence: Floats) -> None:
        """Learn from finite points; `cadence` is the usual time between them in seconds."""


def blend(old: Floats, new: Floats, rate: Floats | float, count: Floats) -> Floats:
    """Exponential mean that is a plain mean while `count` points are fewer than 1 / rate."""
    return old + np.maximum(rate, 1.0 / (count + 1.0)) * (new - old)
