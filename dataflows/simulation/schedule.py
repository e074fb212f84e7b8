"""Which machine gets which fault when."""

from collections.abc import Sequence

import numpy as np

from dataflows.simulation.faults import COURSES, LONGEST_NS, Fault, FaultKind
from dataflows.simulation.floor import MACHINES
from tidegauge.spec.models import SECOND_NS

SHORTEST_SPAN_NS = 600 * SECOND_NS
"""Shorter streams leave no time for faults after the detectors' warm-up."""
QUIET_START_NS = 240 * SECOND_NS
"""Nothing is wrong for so long: detectors learn from the first 20 windows of 10 s."""
QUIET_END_NS = 30 * SECOND_NS
"""Nothing is wrong for so long at the end, so that the windows of the last fault are closed."""
RECOVERY_NS = 120 * SECOND_NS
"""A machine has no fault for so long after one, so that each alarm belongs to one fault at most."""

_FAULTS_IN_SHORTEST = 12
_EVERY_NS = 45 * SECOND_NS


def plan_faults(chance: np.random.Generator, span_ns: int) -> list[Fault]:
    """Faults of a stream in the order of their starts, every kind as often as the others.

    Twelve in the shortest stream, and one more for every 45 s above it.

    Args:
        chance: decides about kind, machine, start, length and size.
        span_ns: length of the stream in event time.

    Raises:
        ValueError: the stream is shorter than `SHORTEST_SPAN_NS`.
    """
    if span_ns < SHORTEST_SPAN_NS:
        raise ValueError(f"span_ns is {span_ns}: it must be at least {SHORTEST_SPAN_NS}")
    number = _FAULTS_IN_SHORTEST + (span_ns - SHORTEST_SPAN_NS) // _EVERY_NS
    slot_ns = (span_ns - QUIET_START_NS - QUIET_END_NS - LONGEST_NS) // number
    busy_until = dict.fromkeys(MACHINES, 0)
    faults = []
    for position, kind in enumerate(_kinds(chance, number)):
        start_ns = QUIET_START_NS + position * slot_ns + int(chance.integers(slot_ns))
        free = [machine for machine, until_ns in busy_until.items() if until_ns <= start_ns]
        fault = _fault(chance, str(chance.choice(free)), kind, start_ns)
        busy_until[fault.machine] = fault.end_ns + RECOVERY_NS
        faults.append(fault)
    return faults


def _kinds(chance: np.random.Generator, number: int) -> Sequence[FaultKind]:
    """All kinds in random order, again and again."""
    kinds = list(FaultKind)
    rounds = -(-number // len(kinds))
    order = [index for _ in range(rounds) for index in chance.permutation(len(kinds))]
    return [kinds[index] for index in order[:number]]


def _fault(chance: np.random.Generator, machine: str, kind: FaultKind, start_ns: int) -> Fault:
    course = COURSES[kind]
    length_ns = int(chance.integers(course.shortest_ns, course.longest_ns, endpoint=True))
    size = float(chance.uniform(course.least, course.most))
    return Fault(machine, kind, start_ns, start_ns + length_ns, size)
