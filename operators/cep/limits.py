"""How much a key may hold, and what happens when it would hold more."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds for one pattern and one key.

    When a bound is passed, the runs with the oldest first event are given up until it is kept, with
    an eighth of it to spare; how many is counted and told (`Dropped`). Both bounds are looked at
    after an event, so that one event can pass them for a moment.

    Attributes:
        runs: partial matches: those that differ only in where they began count once, unless each is
            told of at once; those that may time out are counted when time runs out. Also the
            matches that one event may bring where nothing removes any, and the runs that it may
            have to ask one by one for a condition at the end.
        nodes: taken events in the shared buffer, counted once for each position.
        work: what each event of a key earns for its runs to spend (`work.Work`); 0 for no bound.
    """

    runs: int = 100_000
    nodes: int = 100_000
    work: int = 500


@dataclass(frozen=True, slots=True)
class Dropped:
    """The oldest runs, given up; the first of them began with event `seq` at `time_ns`."""

    seq: int
    time_ns: int
    runs: int
    reason: str


def first_kept(weights: Iterable[tuple[int, int]], most: int) -> int:
    """Up to which first event runs are given up, so that not more than a bound is left.

    A little less than the bound, or the next event would pass it again; never nothing.

    Args:
        weights: first events, and how much is there that is left while they are.
        most: the bound.
    """
    left = most - most // 8
    for first, weight in sorted(weights, reverse=True):
        left -= weight
        if left < 0:
            return first
    return -1
