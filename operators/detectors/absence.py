"""Time without any point, as quiet cells: one wherever a point was usual and none came."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from operators.detectors.contract import Memory, Slots, Times
from operators.detectors.loop_quiet import Quiet
from operators.detectors.quiet import (
    COURSES,
    LONG,
    MOMENTS,
    MOST,
    NUMBERS,
    OFTEN,
    SLOT_NS,
    QuietRuns,
)

NEAR = 1.25
"""A gap that is up to so many times longer or shorter than the usual one is one of its kind."""
RATE = 0.02
"""Least weight of the newest gap."""
WEEK_S = 7 * 86_400.0
READY = 3.0
"""Points that tell how far apart they are."""

Arrays = Mapping[str, npt.NDArray[Any]]


class Absence:
    """How rarely nothing comes for so long at these times of the week.

    Time is cut into cells from each point on, as long as its series' median gap: a cell in the
    middle of which a point came is not quiet. What runs of quiet cells say is what `QuietRuns` says
    of runs of quiet points. A missing cell is counted half a cell after its point was due.

    The median is followed: gaps that are nearly as long move it as a mean, others by a step up or
    down, so that neither a missed beat nor an outage makes a heartbeat slower.

    State: that of `QuietRuns`, and 4 numbers.

    Source: H. Robbins and S. Monro, "A stochastic approximation method", Annals of Mathematical
    Statistics 22 (1951), for the median.
    """

    runs = QuietRuns()

    def memory(self) -> Mapping[str, Memory]:
        """The cells of `QuietRuns`; their length in seconds, points, the last, cells since."""
        return {
            **self.runs.memory(),
            "cell": Memory((), np.float64, 0.0),
            "points": Memory((), np.float64, 0.0),
            "last_ns": Memory((), np.int64, 0),
            "done": Memory((), np.int64, 0),
        }

    def ready(self, arrays: Arrays, slots: Slots) -> npt.NDArray[np.bool_]:
        """Whether it is known how far apart the points of each series are."""
        known: npt.NDArray[np.bool_] = arrays["points"][slots] >= READY
        return known & (arrays["cell"][slots] > 0.0)

    def decades(self, arrays: Arrays, slot: int, at_ns: int, *, keep: bool) -> float:
        """Decades of the chance that nothing comes for so long, at most 0.

        Args:
            arrays: the state.
            slot: a series that is ready.
            at_ns: the time until which nothing came.
            keep: whether the evidence is kept, for later times to go on from.
        """
        cells = int(_quiet_cells(arrays, np.array([slot]), np.array([at_ns]))[0])
        quiet, done = _quiet(arrays, slot), int(arrays["done"][slot])
        if cells < done:
            done, quiet.run, quiet.evidence = 0, 0.0, 0.0
        for number, more in _quarters(arrays, slot, done, cells):
            here = (
                quiet.here
                if number == quiet.slot
                else quiet.recalled(number, _cell_s(arrays, slot))
            )
            quiet.evidence = quiet.with_cells(quiet.evidence, quiet.run, here, more)
            quiet.run = min(quiet.run + more, LONG) if here < OFTEN else quiet.run
            if quiet.evidence >= MOST:
                break
        if keep:
            arrays["done"][slot] = max(cells, 0)
            arrays["run"][slot], arrays["evidence"][slot] = quiet.run, quiet.evidence
        return quiet.decades(quiet.evidence) if cells > 0 else 0.0

    def learn(self, arrays: Arrays, slots: Slots, t_ns: Times) -> None:
        """Learn from points: what was quiet before each, and that it came."""
        cells = np.where(self.ready(arrays, slots), _quiet_cells(arrays, slots, t_ns), 0)
        for at in np.flatnonzero(cells > 0).tolist():
            self._learn_gap(arrays, int(slots[at]), int(cells[at]), int(t_ns[at]))
        came = np.ones(slots.size)
        look = self.runs.look(arrays, slots, came, t_ns, arrays["cell"][slots])
        self.runs.learn(arrays, slots, came, t_ns, look, np.zeros(slots.size))
        _follow_median(arrays, slots, t_ns)
        arrays["points"][slots] += 1.0
        arrays["last_ns"][slots] = t_ns
        arrays["done"][slots] = 0

    def _learn_gap(self, arrays: Arrays, slot: int, cells: int, t_ns: int) -> None:
        self.decades(arrays, slot, t_ns, keep=True)
        quiet, cell_s = _quiet(arrays, slot), _cell_s(arrays, slot)
        quiet.run = 0.0
        # What is older than a week would be learned over.
        first = max(cells - int(WEEK_S / cell_s), 0)
        for number, more in _quarters(arrays, slot, first, cells):
            if number != quiet.slot:
                quiet.enter(number, cell_s)
            quiet.lengthen(quiet.here, more, again=first > 0)
            quiet.count(more, 1.0)
            first = cells
        for name in (*NUMBERS, *MOMENTS):
            arrays[name][slot] = getattr(quiet, name)


def _quiet(arrays: Arrays, slot: int) -> Quiet:
    """Cells of one series; the courses are those of the arrays."""
    state: dict[str, Any] = {name: arrays[name][slot].item() for name in (*NUMBERS, *MOMENTS)}
    return Quiet(state | {name: memoryview(arrays[name][slot]) for name in COURSES}, "")


def _cell_s(arrays: Arrays, slot: int) -> float:
    return float(arrays["cell"][slot])


def _quiet_cells(arrays: Arrays, slots: Slots, t_ns: Times) -> Times:
    """Cells since the last point of which the middle is over."""
    cell_ns = np.maximum((arrays["cell"][slots] * 1e9).astype(np.int64), 1)
    cells: Times = (2 * (t_ns - arrays["last_ns"][slots]) - cell_ns) // (2 * cell_ns)
    return cells


def _quarters(arrays: Arrays, slot: int, done: int, cells: int) -> Iterator[tuple[int, float]]:
    """Quarters of an hour in which cells are due, after some that were, and how many in each."""
    last_ns, cell_ns = int(arrays["last_ns"][slot]), max(int(_cell_s(arrays, slot) * 1e9), 1)
    while done < cells:
        number = (last_ns + (done + 1) * cell_ns) // SLOT_NS
        until = min(((number + 1) * SLOT_NS - 1 - last_ns) // cell_ns, cells)
        yield number, float(until - done)
        done = until


def _follow_median(arrays: Arrays, slots: Slots, t_ns: Times) -> None:
    points, cell = arrays["points"][slots], arrays["cell"][slots]
    passed = (t_ns - arrays["last_ns"][slots]) / 1e9
    rate = np.maximum(RATE, 1.0 / np.maximum(points, 1.0))
    near = (passed <= cell * NEAR) & (cell <= passed * NEAR)
    step = np.where(passed > cell, 1.0 + rate, 1.0 / (1.0 + rate))
    moved = np.where(near, cell + rate * (passed - cell), cell * step)
    moved = np.where(cell > 0.0, moved, passed)
    # Of points at the same time only one tells how far apart they are.
    told = (points > 0.0) & (passed > 0.0)
    arrays["cell"][slots] = np.where(told, moved, cell)
