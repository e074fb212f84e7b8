"""What merely follows from an event that was already told."""

from collections.abc import Mapping

import numpy as np

from operators.detectors.contract import Floats, Mask, Memory, Slots, Times

ECHO_NS = 20 * 3_600_000_000_000
"""How long an event echoes at most: less than a day, so that the same hour of the next is heard."""
ECHO_POINTS = 300.0
"""And for no more than the usual time of so many points."""
NEVER_NS = -(2**62)
LOUDER = 0.2
"""Decades by which an event must usually be rarer than the last one to be heard."""
REMEMBERED = 0.0
"""Excess above which an event usually echoes, whether or not it was an anomaly: so scores do not
depend on how many false alarms are asked for."""


def memory() -> Mapping[str, Memory]:
    """Excess and time of the last event."""
    return {
        "event": Memory((), np.float64, 0.0),
        "event_ns": Memory((), np.int64, NEVER_NS),
    }


def echoes(
    arrays: Mapping[str, Floats],
    slots: Slots,
    excess: Floats,
    t_ns: Times,
    gap: Floats,
    louder: float,
) -> Mask:
    """Whether a point is hardly rarer than an event of its series not long before it.

    Args:
        arrays: the state.
        slots: series of each point.
        excess: decades by which the points exceed what is usual.
        t_ns: their event times.
        gap: usual time between the points of their series, in seconds.
        louder: decades by which an event must be rarer than the last one to be heard.
    """
    passed = (t_ns - arrays["event_ns"][slots]).astype(np.float64)
    recent = passed < np.minimum(ECHO_POINTS * 1e9 * gap, ECHO_NS)
    quiet: Mask = recent & (excess <= arrays["event"][slots] + louder)
    return quiet


def learn(arrays: Mapping[str, Floats], slots: Slots, excess: Floats, t_ns: Times) -> None:
    """Remember events."""
    arrays["event"][slots] = excess
    arrays["event_ns"][slots] = t_ns
