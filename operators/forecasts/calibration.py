"""How wide a band must be, learned from how often values lay outside."""

from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np

from operators.forecasts.smoothing import Floats
from tidegauge.savedstate import saved_type

NEAR_RATE = 0.05
FAR_RATE = 0.02
"""How fast a factor follows; slower far ahead, where misses come in rows."""
NARROWEST, WIDEST = 0.25, 8.0


@saved_type
@dataclass(slots=True)
class Calibration:
    """Factors on a band's half width, so that the share of values outside is what it shall be.

        factor ← factor · exp(rate · (share outside - (1 - band)))

    One factor for one cell ahead and one for the horizon, each held against the bands that were
    forecast so long before; between them the factor goes from one to the other geometrically.

    Attributes:
        near, far: the factors.
        centres, halves: middle and half width of the band that was forecast for each cell over the
            whole horizon, by the cell's number modulo their length; NaN where none was.
        centre, half: those forecast for the present cell one cell before.

    Source: I. Gibbs and E. Candès, "Adaptive conformal inference under distribution shift",
    Advances in Neural Information Processing Systems 34 (2021).
    """

    centres: Floats
    halves: Floats
    near: float = 1.0
    far: float = 1.0
    centre: float = field(default=float("nan"))
    half: float = field(default=float("nan"))

    def widths(self, halves: Floats) -> Floats:
        """The half widths that are told, from those that the model gives, nearest cell first."""
        steps = halves.size
        weight = np.linspace(0.0, 1.0, steps) if steps > 1 else np.zeros(1)
        told: Floats = halves * self.near ** (1.0 - weight) * self.far**weight
        return told

    def note(self, number: int, centres: Floats, told: Floats) -> None:
        """Remember what was just forecast for the cells from `number` on."""
        last = (number + centres.size - 1) % centres.size
        self.centre, self.half = float(centres[0]), float(told[0])
        self.centres[last], self.halves[last] = centres[-1], told[-1]

    def outside(self, number: int, x: float) -> tuple[bool, bool]:
        """Whether a value of a cell is outside the band one cell ahead, and over the horizon."""
        at = number % self.centres.size
        return abs(x - self.centre) > self.half, abs(x - self.centres[at]) > self.halves[at]

    def learn(self, number: int, near: float, far: float, allowed: float) -> None:
        """Take in a cell: the shares of its values that were outside, and the share allowed."""
        at = number % self.centres.size
        if not np.isnan(self.half):
            self.near = _bounded(self.near * float(np.exp(NEAR_RATE * (near - allowed))))
        if not np.isnan(self.halves[at]):
            self.far = _bounded(self.far * float(np.exp(FAR_RATE * (far - allowed))))

    def copy(self) -> Self:
        """One that changes by itself."""
        return replace(self, centres=self.centres.copy(), halves=self.halves.copy())


def fresh(ahead: int) -> Calibration:
    """One that has seen nothing."""
    return Calibration(np.full(ahead, np.nan), np.full(ahead, np.nan))


def _bounded(factor: float) -> float:
    return min(max(factor, NARROWEST), WIDEST)
