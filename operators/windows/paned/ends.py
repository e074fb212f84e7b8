"""Which windows a pane is in, by their ends: every window ends at its size plus a whole step."""

from typing import NamedTuple

import numpy as np

from operators.windows.merging import Array
from operators.windows.shapes import Paned


class Ends(NamedTuple):
    """Ends of the windows that hold each of some panes.

    Attributes:
        first: the first of them.
        counts: how many there are; no window where it is 0.
    """

    first: Array
    counts: Array


def earliest_end(shape: Paned, panes: Array) -> Array:
    """End of the first window that holds each pane."""
    pane_end: Array = (panes + 1) * shape.pane_ns
    return -((shape.size_ns - pane_end) // shape.every_ns) * shape.every_ns + shape.size_ns


def latest_end(shape: Paned, panes: Array) -> Array:
    """End of the last window that holds each pane."""
    pane_start: Array = panes * shape.pane_ns
    return pane_start // shape.every_ns * shape.every_ns + shape.size_ns


def ends_of(shape: Paned, panes: Array, after: int, until: int) -> Ends:
    """Ends in (after, until] of the windows that hold each pane.

    Args:
        shape: the windows.
        panes: numbers of panes; at least one.
        after: nanoseconds; need not fit 64 bits, nor does `until`.
        until: see there.
    """
    every = shape.every_ns
    first, latest = earliest_end(shape, panes), latest_end(shape, panes)
    # Within what the panes can give both bounds fit.
    after = min(max(after, int(first.min()) - 1), int(latest.max()))
    until = max(min(until, int(latest.max())), after)
    last = first + (np.minimum(latest, until) - first) // every * every
    first = np.maximum(first, shape.size_ns - (shape.size_ns - after - 1) // every * every)
    return Ends(first, np.maximum((last - first) // every + 1, 0))


def ends_between(shape: Paned, panes: list[int], after: int, until: int) -> list[int]:
    """Ends in (after, until] of windows that hold one of the panes, ascending.

    Args:
        shape: the windows.
        panes: numbers of panes, ascending.
        after: nanoseconds.
        until: nanoseconds.
    """
    if not panes or not any_end(shape, after, until):
        return []
    every = shape.every_ns
    first, counts = ends_of(shape, np.array(panes, np.int64), after, until)
    last = first + (counts - 1) * every
    # A pane gives only what those before it have not.
    reached = np.maximum.accumulate(last)[:-1]
    first[1:] = np.maximum(first[1:], reached + every)
    _, ends = all_ends(every, Ends(first, np.maximum((last - first) // every + 1, 0)))
    found: list[int] = ends.tolist()
    return found


def any_end(shape: Paned, after: int, until: int) -> bool:
    """Whether a window could end in (after, until]."""
    size, every = shape.size_ns, shape.every_ns
    return (until - size) // every > (after - size) // every


def first_needed(shape: Paned, passed: int) -> int:
    """The first pane in a window that ends later than a time."""
    start = ((passed - shape.size_ns) // shape.every_ns + 1) * shape.every_ns
    return start // shape.pane_ns


def all_ends(every: int, ends: Ends) -> tuple[Array, Array]:
    """Place of the pane, and end, of each pane and window."""
    counts = ends.counts
    at = np.repeat(np.arange(counts.size), counts)
    nth = np.arange(at.size) - np.repeat(np.cumsum(counts) - counts, counts)
    return at, ends.first[at] + nth * every
