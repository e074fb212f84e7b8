"""Cumulative sums: small shifts that last."""

from collections.abc import Mapping

import numpy as np

from operators.detectors.baseline import Arrays, Baseline, blend
from operators.detectors.contract import Floats, Memory, Slots, Times

RECENT_RATE = 0.1
REFERENCE_RATE = 0.005
SLACK = 0.75
"""Mean absolute distances from the reference that are nothing."""
LIMIT = 20.0
"""Sum at which a shift is taken for granted, and its level for the new reference."""
FIRST = 20.0
"""Points that the reference is a plain mean of, before sums begin."""


class Cusum(Baseline):
    """Two-sided cumulative sum of standardised distances from a reference level.

        z    = (x - reference) / mean absolute distance
        up   ← max(0, up + z - 0.75)        down ← max(0, down - z - 0.75)
        residual = up - down, this point included

    When a sum passes 20 the reference moves to the mean of the last ten points and both sums begin
    anew: a shift raises the sum once, and the new level is the reference from then on.

    State: 6 floats. Source: E. Page, "Continuous inspection schemes", Biometrika 41 (1954).
    """

    name = "cusum"
    streams = 1

    def memory(self) -> Mapping[str, Memory]:
        """Reference, recent mean, mean absolute distance, the two sums, points."""
        names = ("reference", "recent", "distance", "up", "down", "count")
        return {name: Memory((), np.float64, 0.0) for name in names}

    def look(self, arrays: Arrays, slots: Slots, x: Floats, t_ns: Times) -> tuple[Floats, Floats]:
        """See `Baseline`."""
        reference = arrays["reference"][slots]
        up, down = self._sums(arrays, slots, x)
        known = arrays["count"][slots] >= FIRST
        return np.where(known, up - down, np.nan)[:, None], reference[:, None]

    def learn(self, arrays: Arrays, slots: Slots, x: Floats, t_ns: Times, cadence: Floats) -> None:
        """See `Baseline`."""
        count, reference = arrays["count"][slots], arrays["reference"][slots]
        up, down = self._sums(arrays, slots, x)
        recent = blend(arrays["recent"][slots], x, RECENT_RATE, count)
        shifted = np.maximum(up, down) > LIMIT
        near = np.where(count > 0.0, np.abs(x - reference), 0.0)
        distance = arrays["distance"][slots]
        usual = np.where(count >= FIRST, np.minimum(near, 4.0 * distance), near)
        arrays["distance"][slots] = blend(distance, usual, REFERENCE_RATE, count)
        moved = blend(reference, x, REFERENCE_RATE, count)
        arrays["reference"][slots] = np.where(shifted, recent, moved)
        arrays["recent"][slots] = recent
        started = (count >= FIRST) & ~shifted
        arrays["up"][slots] = np.where(started, up, 0.0)
        arrays["down"][slots] = np.where(started, down, 0.0)
        arrays["count"][slots] = count + 1.0

    @staticmethod
    def _sums(arrays: Arrays, slots: Slots, x: Floats) -> tuple[Floats, Floats]:
        distance = arrays["distance"][slots]
        deviation = x - arrays["reference"][slots]
        z = np.clip(deviation / np.where(distance > 0.0, distance, 1.0), -LIMIT, LIMIT)
        up = np.maximum(arrays["up"][slots] + z - SLACK, 0.0)
        down = np.maximum(arrays["down"][slots] - z - SLACK, 0.0)
        return up, down
