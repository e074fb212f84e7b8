"""Rows of many series in rounds, each with at most one row of a series."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

Slots = npt.NDArray[np.intp]


def rounds(slots: Slots) -> Iterator[Slots]:
    """Positions of the first row of each series, then of the second of each, and so on.

    So a series keeps its order, and a round can be worked on as a whole.
    """
    if not slots.size:
        return
    by_slot = np.argsort(slots, kind="stable")
    positions = np.arange(slots.size)
    new = np.diff(slots[by_slot], prepend=-1) != 0
    turn = positions - np.maximum.accumulate(np.where(new, positions, 0))
    by_turn = np.argsort(turn, kind="stable")
    yield from np.split(by_slot[by_turn], np.cumsum(np.bincount(turn))[:-1])
