"""The kinds of windows: what decides which events are in one."""

import math
from dataclasses import dataclass
from typing import TypeVar

from tidegauge.spec.models import Window


@dataclass(frozen=True)
class Paned:
    """Tumbling and sliding windows: of one length, a whole step apart.

    Attributes:
        size_ns: length of a window.
        every_ns: distance between the starts of two.
        early_ns: distance between two early results, counted back from the end; 0 for none.
    """

    size_ns: int
    every_ns: int
    early_ns: int = 0

    @property
    def pane_ns(self) -> int:
        """Width of a pane: the longest that divides all of them."""
        return math.gcd(self.size_ns, self.every_ns, self.early_ns)

    @property
    def panes_per_window(self) -> int:
        """How many panes make a window."""
        return self.size_ns // self.pane_ns

    @property
    def early_results(self) -> int:
        """How many early results a window has."""
        return self.size_ns // self.early_ns - 1 if self.early_ns else 0


@dataclass(frozen=True)
class Session:
    """Windows from a first event until `gap_ns` after the last before a silence of that length.

    Attributes:
        gap_ns: an event so long after the one before it begins a new session.
    """

    gap_ns: int


@dataclass(frozen=True)
class Counted:
    """Windows of a number of events of a key, in event-time order.

    Attributes:
        size: events in a window.
        every: events from the first of one window to the first of the next.
    """

    size: int
    every: int

    @property
    def pane(self) -> int:
        """Events in a pane: the most that divides both size and distance."""
        return math.gcd(self.size, self.every)

    @property
    def panes_per_window(self) -> int:
        """How many panes make a window."""
        return self.size // self.pane


@dataclass(frozen=True)
class Cumulative:
    """Windows from the start of a period to each step within it.

    Attributes:
        size_ns: nominal length of the period.
        every_ns: distance between two ends.
        timezone: where calendar days and weeks begin.
    """

    size_ns: int
    every_ns: int
    timezone: str


Shape = Paned | Session | Counted | Cumulative
"""Any of the kinds."""

S = TypeVar("S", Paned, Session, Counted, Cumulative)


def shape_of(window: Window, timezone: str = "UTC") -> Shape:
    """The shape of a window of a checked pipeline file.

    Args:
        window: its declaration.
        timezone: name of the pipeline's time zone.
    """
    if window.session:
        return Session(window.session.gap)
    if window.count:
        return Counted(window.count.size, window.count.every or window.count.size)
    if window.cumulative:
        return Cumulative(window.cumulative.size, window.cumulative.every, timezone)
    return Paned(window.size_ns or 0, window.every_ns or 0, window.early or 0)


def of_kind(shape: Shape, kind: type[S]) -> S:
    """The shape, where code is for one kind alone.

    Raises:
        TypeError: it is of another kind.
    """
    if not isinstance(shape, kind):
        raise TypeError(f"{shape} is no {kind.__name__}")
    return shape
