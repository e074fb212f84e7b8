"""`Density` of one stream of one series in plain floats.

Every operation is the one that the arrays do, in the same order: see `operators.detectors.density`.
"""

# ruff: noqa: FURB136  # a call of max costs more than the arithmetic around it

from bisect import bisect_right
from typing import Any

from operators.detectors import density

_EDGES: list[float] = density.EDGES.tolist()
_PRIOR: list[float] = density.PRIOR.tolist()
_KERNEL: list[float] = density.KERNEL.tolist()
_K0, _K1, _K2, _K3, _K4, _K5, _K6 = _KERNEL

# Names of this module are found sooner than those of others.
_WARM_UP = density.WARM_UP
_SCALE_RATE = density.SCALE_RATE
_HORIZON = density.HORIZON
_HEAVY = density.HEAVY
_FADING = density.FADING


def _sign(residual: float) -> float:
    return float((residual > 0.0) - (residual < 0.0))


class Stream:
    """`Density` of one stream."""

    __slots__ = ("mass", "scale", "seen", "weight")

    def __init__(self, state: dict[str, Any], number: int) -> None:
        self.mass: list[float] = state["density.mass"][number]
        self.weight: float = state["density.weight"][number]
        self.seen: float = state["density.seen"][number]
        self.scale: float = state["density.scale"][number]

    def share(self, residual: float) -> float:
        """Share of earlier residuals near this one, which is not learned."""
        if residual - residual != 0.0 or self.seen <= _WARM_UP:
            return 1.0
        mass, scale = self.mass, self.scale
        at = bisect_right(_EDGES, residual / scale if scale > 0.0 else _sign(residual))
        near = _K0 * mass[at]
        for tap in range(1, 7):
            near += _KERNEL[tap] * mass[at + tap]
        return min((near / self.weight + _PRIOR[at]) / (self.seen + 1.0), 1.0)

    def learn(self, residual: float) -> None:
        """Add a residual to the mass."""
        self.step(residual)

    def step(self, residual: float) -> float:
        """`share` and `learn` in one."""
        if residual - residual != 0.0:  # neither a number nor learned from
            return 1.0
        mass, weight, seen, scale = self.mass, self.weight, self.seen, self.scale
        at = bisect_right(_EDGES, residual / scale if scale > 0.0 else _sign(residual))
        share = 1.0
        if seen > _WARM_UP:
            near = (
                _K0 * mass[at]
                + _K1 * mass[at + 1]
                + _K2 * mass[at + 2]
                + _K3 * mass[at + 3]
                + _K4 * mass[at + 4]
                + _K5 * mass[at + 5]
                + _K6 * mass[at + 6]
            )
            share = (near / weight + _PRIOR[at]) / (seen + 1.0)
            share = share if share < 1.0 else 1.0
        mass[at + 3] += weight
        rate = 1.0 / (seen + 1.0)
        rate = rate if rate > _SCALE_RATE else _SCALE_RATE
        self.scale = scale + rate * (abs(residual) - scale)
        self.seen = seen + 1.0 if seen + 1.0 < _HORIZON else _HORIZON
        self.weight = weight = weight * _FADING
        if weight > _HEAVY:
            self._lighten()
        return share

    def _lighten(self) -> None:
        self.mass = [held / _HEAVY for held in self.mass]
        self.weight /= _HEAVY
