"""What happens to readings on their way: they come out of order, late, too late or broken."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from tidegauge.spec.models import SECOND_NS


class Mishap(StrEnum):
    """What befell a reading."""

    NONE = "none"
    OUT_OF_ORDER = "out_of_order"
    """Less than a second behind others: on time for a source that bears a second."""
    LATE = "late"
    """Some seconds behind: corrects the result of its window."""
    TOO_LATE = "too_late"
    """Behind by more than the lateness of 30 s: refused."""
    BROKEN = "broken"
    """The text ends in the middle: refused."""
    WRONG_TYPE = "wrong_type"
    """A word where a number belongs: refused."""
    NO_TIME = "no_time"
    """The event time is none: refused."""
    TOMBSTONE = "tombstone"
    """A message without value: refused."""


REFUSED = frozenset(
    {Mishap.TOO_LATE, Mishap.BROKEN, Mishap.WRONG_TYPE, Mishap.NO_TIME, Mishap.TOMBSTONE}
)
"""What a flow must not count but set aside as dead letters."""

SHARES: Mapping[Mishap, float] = {
    Mishap.OUT_OF_ORDER: 0.05,
    Mishap.LATE: 0.003,
    Mishap.TOO_LATE: 0.0005,
    Mishap.BROKEN: 0.0005,
    Mishap.WRONG_TYPE: 0.0003,
    Mishap.NO_TIME: 0.0002,
    Mishap.TOMBSTONE: 0.0002,
}
"""Part of the readings that each befalls."""

_DELAY_MS: Mapping[Mishap, tuple[int, int]] = {
    Mishap.OUT_OF_ORDER: (50, 800),
    Mishap.LATE: (3_000, 25_000),
    Mishap.TOO_LATE: (40_000, 60_000),
}
_MS = SECOND_NS // 1_000
_KINDS = (*SHARES, Mishap.NONE)
_BOUNDS = np.cumsum(list(SHARES.values()))


@dataclass(frozen=True, slots=True)
class Fate:
    """What befalls one reading, and how much later than measured it is sent."""

    mishap: Mishap = Mishap.NONE
    delay_ns: int = 0


UNHARMED = Fate()


def draw_fates(chance: np.random.Generator, number: int) -> list[Fate]:
    """The fates of some readings."""
    drawn = np.searchsorted(_BOUNDS, chance.random(number), side="right")
    return [_fate(chance, _KINDS[index]) for index in drawn]


def _fate(chance: np.random.Generator, mishap: Mishap) -> Fate:
    if mishap is Mishap.NONE:
        return UNHARMED
    if mishap not in _DELAY_MS:
        return Fate(mishap)
    return Fate(mishap, int(chance.integers(*_DELAY_MS[mishap])) * _MS)
