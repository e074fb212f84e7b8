"""Which windows a pane is in, by their ends: every window ends at its size plus a whole step."""

import numpy as np

from operators.windows.merging import Array
from operators.windows.shapes import Paned


def earliest_end(shape: Paned, panes: Array) -> Array:
    """End of the first window that holds each pane."""
    pane_end: Array = (panes + 1) * shape.pane_ns
    return -((shape.size_ns - pane_end) // shape.every_ns) * shape.every_ns + shape.size_ns


def latest_end(shape: Paned, panes: Array) -> Array:
    """End of the last window that holds each pane."""
    pane_start: Array = panes * shape.pane_ns
    return pane_start // shape.every_ns * shape.every_ns + shape.size_ns


def ends_between(shape: Paned, panes: list[int], after: int, until: int) -> list[int]:
    """Ends in (after, until] of windows that hold one of the panes, ascending.

    Args:
        shape: the windows.
        panes: numbers of panes, ascending.
        after: nanoseconds.
        until: nanoseconds.
    """
    if not panes:
        return []
    held, every = np.array(panes, np.int64), shape.every_ns
    first = earliest_end(shape, held)
    # Neither bound need fit 64 bits; within what the panes can give they do.
    after, until = max(after, int(first[0]) - 1), min(until, int(latest_end(shape, held[-1:])[0]))
    if until <= after:
        return []
    last = first + (np.minimum(latest_end(shape, held), until) - first) // every * every
    first = np.maximum(first, shape.size_ns - (shape.size_ns - after - 1) // every * every)
    # A pane gives only what the one before it has not.
    first[1:] = np.maximum(first[1:], last[:-1] + every)
    counts = np.maximum((last - first) // every + 1, 0)
    steps = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    ends: list[int] = (np.repeat(first, counts) + steps * every).tolist()
    return ends
