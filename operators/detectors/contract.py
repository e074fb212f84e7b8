"""What a detector is."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from operators.keygroups.rounds import rounds
from tidegauge.errors import UserMistake

Floats = npt.NDArray[np.float64]
Times = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Slots = npt.NDArray[np.intp]
State = dict[str, Any]
"""A state as it is saved: the detector's name and version, and copies of its arrays."""


LARGEST = 1e150
"""Points beyond this are taken for no number: their squares and sums would have no value."""


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What a detector says of some points; arrays of one length.

    Attributes:
        judged: whether the point was judged at all; where not, the others mean nothing: the point
            is no finite number, or its series is still warming up.
        score: distance from the expected, comparable with the threshold of the configuration.
        expected: what was expected, in the unit of the points.
        lower, upper: the band of what is usual. What lies in it is no anomaly.
        direction: 1 above the expected, -1 below, 0 on it (int8).
        anomalous: whether the point is an anomaly.
        lasts: whether it is none, but goes on with a run of zeros that was told as one.
        quiet_since_ns: where a run of zeros is an anomaly by its evidence, or lasts, the time of
            the last point before it; 0 elsewhere.
    """

    judged: Mask
    score: Floats
    expected: Floats
    lower: Floats
    upper: Floats
    direction: npt.NDArray[np.int8]
    anomalous: Mask
    lasts: Mask
    quiet_since_ns: Times

    @classmethod
    def blank(cls, points: int) -> Self:
        """Nothing judged."""
        judged, anomalous, lasts = np.zeros((3, points), np.bool_)
        score, expected, lower, upper = np.full((4, points), np.nan)
        direction, since = np.zeros(points, np.int8), np.zeros(points, np.int64)
        return cls(judged, score, expected, lower, upper, direction, anomalous, lasts, since)

    def put(self, at: Slots, verdicts: "Verdicts") -> None:
        """Write verdicts on some of the points to their places."""
        for field in fields(self):
            getattr(self, field.name)[at] = getattr(verdicts, field.name)


@dataclass(frozen=True, slots=True)
class Memory:
    """An array of a detector's state: shape and type for one series, and what a new one has."""

    shape: tuple[int, ...]
    dtype: type[np.generic]
    empty: float


class Detector(ABC):
    """Judges the points of many series, each told by its slot: 0, 1, 2 and so on.

    Points come in the order of their series' time, at most one of each series in a call. `score`
    changes nothing and knows only what was learned before; `learn` is then told what `score` said.
    The configuration is frozen and goes into `__init__`; the state is a few arrays with a row for
    each slot, which a subclass declares in `memory`. The same points give the same verdicts,
    however they were cut into calls, and whatever else was in those calls.

    Attributes:
        series: how many series there are.
        sensitivity: for each slot, the share of the alarms that were asked for which the series
            may raise: 1 unless somebody has said otherwise. No part of the state.
    """

    name: ClassVar[str]
    version: ClassVar[int]
    """Raised whenever an older saved state would not be read as it is, or mean something else."""
    reads: ClassVar[frozenset[int]] = frozenset()
    """Older versions that `upgraded` takes over."""

    def __init__(self) -> None:
        self.series = 0
        self.sensitivity: Floats = np.ones(0)
        self._arrays = {key: _rows(memory, 0) for key, memory in self.memory().items()}

    @abstractmethod
    def memory(self) -> Mapping[str, Memory]:
        """The arrays of the state."""

    @abstractmethod
    def score(self, slots: Slots, x: Floats, t_ns: Times) -> Verdicts:
        """Judge points before they are learned from, changing nothing.

        Args:
            slots: slot of each point; no slot twice.
            x: the points; NaN where there is none.
            t_ns: event time of each.
        """

    @abstractmethod
    def learn(self, slots: Slots, x: Floats, t_ns: Times, verdicts: Verdicts) -> None:
        """Learn from points; `verdicts` is what `score` has just said of them."""

    def turn(self, slots: Slots, x: Floats, t_ns: Times) -> Verdicts:
        """`score`, then `learn`; no slot twice."""
        verdicts = self.score(slots, x, t_ns)
        self.learn(slots, x, t_ns, verdicts)
        return verdicts

    def judge(self, slots: Slots, x: Floats, t_ns: Times) -> Verdicts:
        """Score and learn points of which each series' are in the order of their time."""
        verdicts = Verdicts.blank(slots.size)
        for at in rounds(slots):
            verdicts.put(at, self.turn(slots[at], x[at], t_ns[at]))
        return verdicts

    def grow(self, series: int) -> None:
        """Make room for slots below `series`."""
        self.series = max(self.series, series)
        missing = max(self.series - self.sensitivity.size, 0)
        self.sensitivity = np.concatenate([self.sensitivity, np.ones(missing)])
        for key, memory in self.memory().items():
            held = self._arrays[key]
            if len(held) < self.series:
                more = _rows(memory, max(self.series, 2 * len(held)) - len(held))
                self._arrays[key] = np.concatenate([held, more])

    def snapshot(self) -> State:
        """The state, in copies."""
        arrays = {key: held[: self.series].copy() for key, held in self._arrays.items()}
        return {"detector": self.name, "version": self.version, "arrays": arrays}

    def restore(self, state: State) -> None:
        """Take over what `snapshot` returned.

        Raises:
            UserMistake: it is of another detector, another version or other settings.
        """
        found, own = (state["detector"], state["version"]), (self.name, self.version)
        if found[0] == own[0] and found[1] in self.reads:
            state = self.upgraded(state)
        elif found != own:
            raise UserMistake(
                f"saved state: detector {found[0]} version {found[1]}, this program runs {own[0]}"
                f" version {own[1]}; {_ADVICE}"
            )
        arrays: dict[str, npt.NDArray[Any]] = state["arrays"]
        shapes = {key: memory.shape for key, memory in self.memory().items()}
        if {key: held.shape[1:] for key, held in arrays.items()} != shapes:
            raise UserMistake(
                f"saved state: detector {self.name} was set up with another history; {_ADVICE}"
            )
        self._arrays = {key: held.copy() for key, held in arrays.items()}
        self.series = min(map(len, arrays.values()))
        self.sensitivity = np.ones(self.series)

    def upgraded(self, state: State) -> State:
        """A state of an older version as one of this: what it did not have is as of new series."""
        held: dict[str, npt.NDArray[Any]] = state["arrays"]
        rows = min(map(len, held.values()))
        arrays = {key: held.get(key, _rows(new, rows)) for key, new in self.memory().items()}
        return state | {"arrays": arrays}


_ADVICE = "start with an empty recovery directory or with what wrote it"


def _rows(memory: Memory, rows: int) -> npt.NDArray[Any]:
    return np.full((rows, *memory.shape), memory.empty, memory.dtype)
