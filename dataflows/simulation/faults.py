"""What can go wrong with a machine, and what that does to its readings."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from dataflows.simulation.floor import TICK_NS
from tidegauge.spec.models import SECOND_NS


class FaultKind(StrEnum):
    """Kinds of faults."""

    WARMING = "warming"
    """Ten degrees too warm, well below what is dangerous."""
    OVERHEATING = "overheating"
    """Above 85 °C for most of a minute."""
    SHAKING = "shaking"
    """About twice the usual vibration, for several windows."""
    KNOCK = "knock"
    """A single reading with a multiple of the usual vibration."""


@dataclass(frozen=True, slots=True)
class Course:
    """How a kind of fault goes.

    It lasts from `shortest_ns` to `longest_ns` and is as large as `least` to `most`. Temperatures
    take `ramp_ns` to rise and to fall, which is part of the fault.
    """

    shortest_ns: int
    longest_ns: int
    least: float
    most: float
    ramp_ns: int = 0


COURSES: Mapping[FaultKind, Course] = {
    FaultKind.WARMING: Course(80 * SECOND_NS, 100 * SECOND_NS, 10, 14, 20 * SECOND_NS),
    FaultKind.OVERHEATING: Course(100 * SECOND_NS, 120 * SECOND_NS, 34, 40, 25 * SECOND_NS),
    FaultKind.SHAKING: Course(40 * SECOND_NS, 60 * SECOND_NS, 1.5, 2.4),
    # As long as the distance of two readings, so it meets exactly one.
    FaultKind.KNOCK: Course(TICK_NS, TICK_NS, 8, 14),
}
LONGEST_NS = max(course.longest_ns for course in COURSES.values())


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault of one machine, from `start_ns` until before `end_ns`, both since the stream's start.

    `size` is what it adds at its height: °C, or mm/s.
    """

    machine: str
    kind: FaultKind
    start_ns: int
    end_ns: int
    size: float

    def effect(self, at_ns: int) -> tuple[float, float]:
        """What it adds to temperature and vibration at a time."""
        if not self.start_ns <= at_ns < self.end_ns:
            return 0.0, 0.0
        if self.kind in (FaultKind.SHAKING, FaultKind.KNOCK):
            return 0.0, self.size
        from_edge_ns = min(at_ns - self.start_ns, self.end_ns - at_ns)
        return self.size * min(1.0, from_edge_ns / COURSES[self.kind].ramp_ns), 0.0
