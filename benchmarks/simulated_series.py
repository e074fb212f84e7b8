"""Series as machines and shops make them, and what can go wrong with them."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Kind = Literal["spike", "dip", "level shift", "variance", "flat line", "slow drift"]
KINDS: tuple[Kind, ...] = get_args(Kind)

STEP_S = 600
DAY = 86_400 // STEP_S
WEEK = 7 * DAY
EPOCH_S = 1_704_067_200
"""Monday, 1 January 2024."""
LEARNING_WEEKS = 6
"""Nothing is injected before."""
EVERY_WEEKS = 4
NOISES = 8.0
"""Size of spikes, dips, shifts and drifts, in standard deviations of the noise there."""
LENGTHS = {
    "spike": 1,
    "dip": 3,
    "level shift": DAY,
    "variance": DAY,
    "flat line": DAY // 4,
    "slow drift": 2 * DAY,
}
"""Points for which an event can be found, and counts as found."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something injected into a series.

    Attributes:
        kind: what it is.
        series: number of the series.
        first: its first point.
        points: how many points it can be found at.
    """

    kind: Kind
    series: int
    first: int
    points: int


def usual(chance: np.random.Generator, series: int, weeks: int) -> tuple[Floats, Floats]:
    """Series without any anomaly, and the standard deviation of their noise.

    Each has a size from 1 to 100,000, a daily course of two harmonics, quieter weekends, ten
    holidays a year that are like Sundays, a trend of up to 30 % a year, and noise of 2 to 10 % of
    the level, of which half is carried on from point to point (AR(1) with 0.7).

    Returns:
        two arrays with a row for each point and a column for each series.
    """
    points = weeks * WEEK
    at = np.arange(points)[:, None]
    size = 10.0 ** chance.uniform(0.0, 5.0, series)
    angle = 2 * np.pi * at / DAY
    phase = chance.uniform(0.0, 2 * np.pi, (2, series))
    depth = chance.uniform(0.1, 0.5, series), chance.uniform(0.0, 0.15, series)
    day = 1.0 + depth[0] * np.sin(angle + phase[0]) + depth[1] * np.sin(2 * angle + phase[1])
    restful = (at // DAY % 7 >= 5) | np.isin(at // DAY, _holidays(chance, weeks))
    week = np.where(restful, chance.uniform(0.5, 0.95, series), 1.0)
    trend = 1.0 + chance.uniform(-0.3, 0.3, series) * at / (52 * WEEK)
    level = size * day * week * trend
    deviation = level * chance.uniform(0.02, 0.1, series)
    return level + deviation * _noise(chance, points, series), deviation


def _holidays(chance: np.random.Generator, weeks: int) -> npt.NDArray[np.intp]:
    return chance.choice(weeks * 7, size=max(1, weeks * 10 // 52), replace=False)


def _noise(chance: np.random.Generator, points: int, series: int) -> Floats:
    white, shocks = chance.normal(size=(2, points, series))
    carried = np.empty_like(white)
    carried[0] = shocks[0]
    for at in range(1, points):
        carried[at] = 0.7 * carried[at - 1] + np.sqrt(1 - 0.7**2) * shocks[at]
    noise: Floats = np.sqrt(0.5) * (white + carried)
    return noise


def inject(
    chance: np.random.Generator, x: Floats, deviation: Floats, series: int, kind: Kind
) -> list[Event]:
    """Put events of one kind into a series, one about every four weeks, and say where they are."""
    events = []
    weeks = len(x) // WEEK
    for number, week in enumerate(range(LEARNING_WEEKS, weeks - 1, EVERY_WEEKS)):
        first = week * WEEK + int(chance.integers(WEEK))
        length = LENGTHS[kind]
        here = slice(first, first + length)
        unit, sign = deviation[first, series], 1.0 if number % 2 else -1.0
        if kind in ("spike", "dip"):
            x[here, series] += (1.0 if kind == "spike" else -1.0) * NOISES * unit
        elif kind == "level shift":
            x[first:, series] += sign * NOISES * unit
        elif kind == "variance":
            x[here, series] += 4.0 * deviation[here, series] * chance.normal(size=length)
        elif kind == "flat line":
            x[here, series] = x[first, series]
        else:
            ramp = np.linspace(0.0, sign * NOISES * unit, length)
            x[here, series] += ramp
            x[first + length :, series] += ramp[-1]
        events.append(Event(kind, series, first, length))
    return events
