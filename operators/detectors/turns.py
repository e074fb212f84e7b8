"""How the points of a call are put before each kind of detector."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from operators.detectors.contract import Detector, Floats, Slots, Times, Verdicts
from operators.detectors.flat_line import FlatLine, Silences
from operators.detectors.multivariate import Multivariate
from operators.detectors.peers import Peers
from operators.keygroups.rounds import rounds


@dataclass(frozen=True, slots=True)
class Told:
    """What a detector says of some points.

    Attributes:
        verdicts: on each.
        value: what was held against the expected: the point, or the distance of several signals.
        sensitivity: that of the series when the point was judged.
        silences: of series before their next point among these.
    """

    verdicts: Verdicts
    value: Floats
    sensitivity: Floats
    silences: list[Silences] = field(default_factory=list)

    @classmethod
    def blank(cls, points: int) -> "Told":
        """Nothing judged."""
        return cls(Verdicts.blank(points), np.full(points, np.nan), np.ones(points))

    def put(self, at: Slots, told: "Told") -> None:
        """Write what is said of some of the points to their places."""
        self.verdicts.put(at, told.verdicts)
        self.value[at], self.sensitivity[at] = told.value, told.sensitivity
        self.silences.extend(told.silences)


def judge_points(detector: Detector, slots: Slots, x: Floats, at_ns: Times) -> Told:
    """Score and learn points of which each series' are in the order of their time.

    Args:
        detector: any, with room for the slots.
        slots: series of each point.
        x: the points; for several signals a row each.
        at_ns: their times.
    """
    sensitivity = detector.sensitivity[slots]
    match detector:
        case FlatLine():
            verdicts, silences = _with_silences(detector, slots, x, at_ns)
            return Told(verdicts, x, sensitivity, silences)
        case Multivariate():
            verdicts, distances = _with_distances(detector, slots, x, at_ns)
            return Told(verdicts, distances, sensitivity)
        case Peers():
            verdicts = _in_turns(detector, slots, x, at_ns, _moments(at_ns))
            return Told(verdicts, x, sensitivity)
    return Told(detector.judge(slots, x, at_ns), x, sensitivity)


def _in_turns(
    detector: Detector, slots: Slots, x: Floats, at_ns: Times, turns: Iterable[Slots]
) -> Verdicts:
    verdicts = Verdicts.blank(slots.size)
    for at in turns:
        verdicts.put(at, detector.turn(slots[at], x[at], at_ns[at]))
    return verdicts


def _moments(at_ns: Times) -> Iterator[Slots]:
    """Positions of the points of each time, one time after another."""
    order = np.argsort(at_ns, kind="stable")
    _, firsts = np.unique(at_ns[order], return_index=True)
    yield from np.split(order, firsts[1:]) if order.size else ()


def _with_silences(
    detector: FlatLine, slots: Slots, x: Floats, at_ns: Times
) -> tuple[Verdicts, list[Silences]]:
    silences: list[Silences] = []

    def turns() -> Iterator[Slots]:
        for at in rounds(slots):
            silent = detector.fall_silent(slots[at], at_ns[at])
            if silent.slots.size:
                silences.append(silent)
            detector.speak_again(slots[at], at_ns[at])
            yield at

    return _in_turns(detector, slots, x, at_ns, turns()), silences


def _with_distances(
    detector: Multivariate, slots: Slots, x: Floats, at_ns: Times
) -> tuple[Verdicts, Floats]:
    distances = np.full(slots.size, np.nan)

    def turns() -> Iterator[Slots]:
        for at in rounds(slots):
            distances[at] = detector.distances(slots[at], x[at])
            yield at

    return _in_turns(detector, slots, x, at_ns, turns()), distances
