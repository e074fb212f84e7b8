"""How often a series has points."""

from collections.abc import Mapping

import numpy as np

from operators.detectors.contract import Floats, Memory, Slots, Times

RATE = 0.01
PATIENCE = 4.0
"""Longer gaps, in usual ones, count as this: an outage does not change what is usual."""
FIRST = 3.0
"""Gaps that are taken as they are."""


def memory() -> Mapping[str, Memory]:
    """Usual gap in seconds, gaps in it, time of the last point."""
    return {
        "gap": Memory((), np.float64, 0.0),
        "gaps": Memory((), np.float64, -1.0),
        "last_ns": Memory((), np.int64, 0),
    }


def learn(arrays: Mapping[str, Floats], slots: Slots, t_ns: Times) -> None:
    """Take the time since each series' last point into its usual gap."""
    gap, gaps = arrays["gap"][slots], arrays["gaps"][slots]
    passed = (t_ns - arrays["last_ns"][slots]) / 1e9
    passed = np.where(gaps >= FIRST, np.minimum(passed, PATIENCE * gap), passed)
    rate = np.maximum(RATE, 1.0 / (np.maximum(gaps, 0.0) + 1.0))
    arrays["gap"][slots] = np.where(gaps >= 0.0, gap + rate * (passed - gap), gap)
    arrays["gaps"][slots] = gaps + 1.0
    arrays["last_ns"][slots] = t_ns
