"""The machines: what each measures while nothing is wrong with it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tidegauge.spec.models import SECOND_NS

MACHINES: Sequence[str] = [
    f"{kind}-{number}" for number in range(1, 6) for kind in ("press", "lathe", "mill", "pump")
]
TICK_NS = SECOND_NS * 15 // 100
"""Every machine is read once in so long."""

_WANDER_TICKS = 130
"""Ticks in which the slow part of the noise forgets two thirds of itself: 20 s."""
_STOPPED_VIBRATION = 0.3
_STOP_S = 4
_TEMPERATURE_NOISE, _TEMPERATURE_WANDER = 0.3, 0.25
_VIBRATION_NOISE, _VIBRATION_WANDER = 0.15, 0.06

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Readings:
    """One reading of every machine, in the order of `MACHINES`."""

    temperature: Floats
    vibration: Floats
    running: npt.NDArray[np.bool_]


class Floor:
    """Every machine has a level of its own, a slow swing as of day and night, and noise.

    The noise is part white, part slow (an autoregressive process of first order). Every one or two
    minutes a machine stops for four seconds to be fed.

    Args:
        chance: where levels and noise come from.
    """

    def __init__(self, chance: np.random.Generator) -> None:
        machines = len(MACHINES)
        self._chance = chance
        self._temperature = chance.uniform(56, 64, machines)
        self._vibration = chance.uniform(1.6, 2.4, machines)
        self._swing = chance.uniform(0.4, 0.9, machines)
        self._swing_s = chance.uniform(900, 2_400, machines)
        self._fed_every_s = chance.uniform(60, 120, machines)
        self._phase = chance.uniform(0, 1, machines)
        self._wander = chance.normal(size=(2, machines))

    def read(self, at_ns: int) -> Readings:
        """Readings of a tick; call it for one tick after the other."""
        at_s = at_ns / SECOND_NS
        keep = np.exp(-1 / _WANDER_TICKS)
        white, fresh = self._chance.normal(size=(2, *self._wander.shape))
        self._wander = keep * self._wander + np.sqrt(1 - keep**2) * fresh
        swing = self._swing * np.sin(2 * np.pi * (at_s / self._swing_s + self._phase))
        running = (at_s + self._phase * self._fed_every_s) % self._fed_every_s >= _STOP_S
        temperature = self._temperature + swing + _TEMPERATURE_WANDER * self._wander[0]
        vibration = self._vibration + _VIBRATION_WANDER * self._wander[1]
        return Readings(
            temperature + _TEMPERATURE_NOISE * white[0],
            np.maximum(
                np.where(running, vibration, _STOPPED_VIBRATION) + _noise(running, white[1]), 0
            ),
            running,
        )


def _noise(running: npt.NDArray[np.bool_], white: Floats) -> Floats:
    noise: Floats = np.where(running, _VIBRATION_NOISE, _VIBRATION_NOISE / 3) * white
    return noise
