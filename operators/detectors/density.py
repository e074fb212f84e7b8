"""How rare residuals are among those that their own stream has shown before."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from operators.detectors.contract import Floats, Mask, Memory, Slots

Bins = npt.NDArray[np.intp]

BINS = 100
HORIZON = 4_000.0
"""Points that a density rests on: older ones fade."""
WARM_UP = 20
"""Residuals before the first is judged."""
SCALE_RATE = 0.001
TAPS = 3
"""Bins on each side that count as near."""
_REACH = 96.0
"""Residuals, in mean absolute ones, at which the last bin begins."""

_PRIOR_MASS = 0.2
_PRIOR_UNITS = 5.0
_PER = (BINS / 2 - 1) / np.arcsinh(_REACH)
EDGES: Floats = np.sinh((np.arange(1, BINS) - BINS // 2 - 0.5) / _PER)
"""Where bins end, in mean absolute residuals: even near zero, logarithmic far out."""
_CENTRES = np.sinh((np.arange(BINS) - BINS // 2) / _PER)
PRIOR: Floats = _PRIOR_MASS / (1.0 + (_CENTRES / _PRIOR_UNITS) ** 2)
"""Mass of each bin before anything was seen: heavy tails, so that farther is rarer."""
_bell = np.exp(-0.5 * np.arange(-TAPS, TAPS + 1) ** 2)
KERNEL: Floats = _bell / _bell.sum()
FADING = 1.0 / (1.0 - 1.0 / HORIZON)
"""Instead of old mass getting less, new mass gets more by this factor a point."""
HEAVY = 2.0**40
"""When new mass weighs this, all is divided by it, which is exact."""


@dataclass(frozen=True, slots=True)
class Density:
    """Streaming kernel density of the residuals of `streams` streams for each series.

        u = residual / mean absolute residual of the stream
        p = (mass near u + prior(u)) / (points seen + 1)

    Mass lies in 100 bins, even in asinh(u), and nearness is a Gaussian kernel with a deviation of
    one bin. So p is the share of the stream's own recent points that fell about
    there: a value that a stream shows often is common, also far out and between two modes.

    State for each stream: 106 + 3 floats. Cost: 7 cells read and 1 written a point.

    Source: E. Parzen, "On estimation of a probability density function and mode", Annals of
    Mathematical Statistics 33 (1962), made causal and forgetting.
    """

    streams: int

    def memory(self) -> Mapping[str, Memory]:
        """Mass by bin, the weight of the next point, points seen, mean absolute residual."""
        return {
            "mass": Memory((self.streams, BINS + 2 * TAPS), np.float64, 0.0),
            "weight": Memory((self.streams,), np.float64, 1.0),
            "seen": Memory((self.streams,), np.float64, 0.0),
            "scale": Memory((self.streams,), np.float64, 0.0),
        }

    def share(self, arrays: Mapping[str, Floats], slots: Slots, residuals: Floats) -> Floats:
        """Share of earlier residuals near each; 1 where it is unknown or the stream warms up.

        Args:
            arrays: the state.
            slots: series of each row.
            residuals: a row for each point, a column for each stream; NaN where unknown.
        """
        known = np.isfinite(residuals)
        seen = arrays["seen"][slots]
        bins = self._bins(arrays, slots, residuals, known)
        mass = arrays["mass"].reshape(-1)
        first = self._cells(slots[:, None], np.arange(self.streams)) + bins
        near = KERNEL[0] * mass.take(first)
        for tap in range(1, len(KERNEL)):
            near += KERNEL[tap] * mass.take(first + tap)
        p = (near / arrays["weight"][slots] + PRIOR[bins]) / (seen + 1.0)
        share: Floats = np.where(known & (seen > WARM_UP), np.minimum(p, 1.0), 1.0)
        return share

    def learn(self, arrays: Mapping[str, Floats], slots: Slots, residuals: Floats) -> None:
        """Add residuals to the mass; NaN is passed over."""
        known = np.isfinite(residuals)
        row, stream = np.nonzero(known)
        at = (slots[row], stream)
        bins = self._bins(arrays, slots, residuals, known)[row, stream]
        weight, seen, scale = arrays["weight"][at], arrays["seen"][at], arrays["scale"][at]
        arrays["mass"].reshape(-1)[self._cells(*at) + bins + TAPS] += weight
        arrays["weight"][at] = weight * FADING
        size = np.abs(residuals[row, stream])
        rate = np.maximum(SCALE_RATE, 1.0 / (seen + 1.0))
        arrays["scale"][at] = scale + rate * (size - scale)
        arrays["seen"][at] = np.minimum(seen + 1.0, HORIZON)
        self._lighten(arrays, at)

    def _cells(self, slots: Slots, streams: Bins) -> Bins:
        """Where the mass of each stream begins."""
        return (slots * self.streams + streams) * (BINS + 2 * TAPS)

    def _bins(
        self, arrays: Mapping[str, Floats], slots: Slots, residuals: Floats, known: Mask
    ) -> Bins:
        scale, size = arrays["scale"][slots], np.where(known, np.abs(residuals), 0.0)
        # A stream that has never moved has no unit: its first movement is one.
        unit = np.where(scale > 0.0, scale, np.where(size > 0.0, size, 1.0))
        units = np.where(known, residuals, 0.0) / unit
        return EDGES.searchsorted(units, side="right")

    @staticmethod
    def _lighten(arrays: Mapping[str, Floats], at: tuple[Slots, Bins]) -> None:
        heavy = np.flatnonzero(arrays["weight"][at] > HEAVY)
        if heavy.size:
            where = (at[0][heavy], at[1][heavy])
            arrays["mass"][where] /= HEAVY
            arrays["weight"][where] /= HEAVY
