"""The kinds of windows: what decides which events are in one."""

import math
from dataclasses import dataclass

from tidegauge.spec.models import Window


@dataclass(frozen=True)
class Paned:
    """Tumbling and sliding windows: of one length, a whole step apart.

    Attributes:
        size_ns: length of a window.
        every_ns: distance between the starts of two.
    """

    size_ns: int
    every_ns: int

    @property
    def pane_ns(self) -> int:
        """Width of a pane: the longest that divides both length and distance."""
        return math.gcd(self.size_ns, self.every_ns)

    @property
    def panes_per_window(self) -> int:
        """How many panes make a window."""
        return self.size_ns // self.pane_ns


Shape = Paned
"""Any of the kinds."""


def shape_of(window: Window) -> Shape:
    """The shape of a window of a checked pipeline file."""
    return Paned(window.size_ns, window.every_ns)
