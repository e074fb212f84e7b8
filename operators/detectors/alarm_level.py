"""How high the surprises of a series get by themselves, and what is rare beside them."""

import math
from collections.abc import Mapping

import numpy as np

from operators.detectors.contract import Floats, Memory, Slots

BLOCK = 150
"""Points of which the highest surprise is taken."""
START = 2.7
"""Mean block maximum before anything was seen, in decades."""
START_BLOCKS = 14.0
"""Blocks that the start counts as."""
MOST_BLOCKS = 60.0
"""Blocks that the mean rests on: about 9,000 points."""
FLOOR = math.log10(BLOCK)
"""What a block reaches where shares are what they say: a series that never surprises is not taken
to be able to tell finer."""
CEILING = 6.0
"""Higher maxima count as this, so that one event does not deafen a series."""
COMMON = -1.0
"""Excess up to which surprises are too common to be told apart."""
_SCALE = math.exp(-np.euler_gamma) / BLOCK
"""Rate of maxima a point at the mean block maximum, of a Gumbel distribution."""
DECADES = math.log10(_SCALE)


def memory() -> Mapping[str, Memory]:
    """Mean block maximum, blocks in it, and the block that is under way."""
    return {
        "level": Memory((), np.float64, START),
        "blocks": Memory((), np.float64, START_BLOCKS),
        "highest": Memory((), np.float64, 0.0),
        "filled": Memory((), np.float64, 0.0),
    }


def excess(arrays: Mapping[str, Floats], slots: Slots, surprise: Floats) -> Floats:
    """Decades by which a surprise exceeds what a block of points of its series usually reaches."""
    over: Floats = surprise - np.maximum(arrays["level"][slots], FLOOR)
    return over


def learn(arrays: Mapping[str, Floats], slots: Slots, surprise: Floats) -> None:
    """Take surprises into their blocks, and full blocks into the mean."""
    highest = np.maximum(arrays["highest"][slots], surprise)
    filled = arrays["filled"][slots] + 1.0
    full = filled >= BLOCK
    if full.any():
        done = slots[full]
        blocks = np.minimum(arrays["blocks"][done] + 1.0, MOST_BLOCKS)
        level = arrays["level"][done]
        arrays["level"][done] = level + (np.minimum(highest[full], CEILING) - level) / blocks
        arrays["blocks"][done] = blocks
        highest, filled = np.where(full, 0.0, highest), np.where(full, 0.0, filled)
    arrays["highest"][slots] = highest
    arrays["filled"][slots] = filled


def chance(over: float) -> float:
    """Chance that a point begins an event of at least this excess, in (0, 1].

    Maxima of blocks of points with exponential tails follow Gumbel's law; surprises are decades of
    a share, so their tail falls by a decade a decade: rate = exp(-γ) / block · 10^-excess. What is
    more than a decade below the usual maximum is not told apart: 1.
    """
    return _SCALE * 10.0**-over if over > COMMON else 1.0


def excess_of(decades: Floats) -> Floats:
    """Excess of which the chance is 10^decades: what `chance` makes of it."""
    over: Floats = DECADES - decades
    return over


def surprise(share: float) -> float:
    """Decades by which a share is below 1."""
    return -math.log10(share)


def surprises(shares: Floats) -> Floats:
    """`surprise` of each, value by value, so that any cut gives the same last bit."""
    return np.array([surprise(share) for share in shares.tolist()], np.float64)


def chances(over: Floats) -> Floats:
    """`chance` of each."""
    chances = np.ones(over.size)
    told = np.flatnonzero(over > COMMON)
    chances[told] = [chance(value) for value in over[told].tolist()]
    return chances
