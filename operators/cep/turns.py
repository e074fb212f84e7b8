"""When runs of different first events can be read one first event after the other.

Where a match waits for unfinished runs that began earlier, nothing of a first event is told before
all runs of the earlier ones are over. So it is enough to keep the events, and to read them again
for a first event when its turn comes. That is worth it where the runs of different first events
would share no nodes, as those that sum up what they took in a loop.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from operators.cep.nfa import ALWAYS_BIT, Nfa
from operators.cep.ways import BitWay
from tidegauge.patterns.pattern import Contiguity, SkipTo


@dataclass(frozen=True, slots=True)
class Turns:
    """How the first events of a pattern take turns.

    Attributes:
        completes: an event that has none of these bits completes no run.
        endure: whether a run can end in no other way than by a match or with its window.
        every_event: whether an event for which no predicate holds may be taken.
        next_event: whether such an event may end a run, as the very next one after a take.
        keeping: bits of which an event has one if any run can take it or pass over it.
    """

    completes: int
    endure: bool
    every_event: bool
    next_event: bool
    keeping: int


def turns_of(nfa: Nfa, guards: Mapping[int, int]) -> Turns | None:
    """How first events take turns; None for a pattern whose runs have to be read side by side.

    Args:
        nfa: the state machine.
        guards: for predicates that look at the run, bits of an event that must hold, too.
    """
    ways = list(nfa.all_ways())
    if nfa.pattern.skip.to is SkipTo.NO_SKIP or nfa.step_limits:
        return None
    # Where the first step takes one event, runs that enter a later loop together sum up the same.
    first = getattr(nfa.pattern.sequence[0], "quantifier", None)
    if first is None or first.maximum == 1:
        return None
    if any(way.tail is not None for way in ways):
        return None
    completes = 0
    for way in ways:
        if nfa.position(way.target).accepts:
            completes |= guards.get(way.where, way.where) or ALWAYS_BIT
    return Turns(
        completes,
        all(_endures(position.ways) for position in nfa.places() if position.key is not None),
        not all(guards.values()) or any(way.where & ALWAYS_BIT for way in ways),
        any(not nfa.state(position.key).idle for position in nfa.places() if position.key),
        _keeping([way for position in nfa.places() for way in position.ways], guards),
    )


def _keeping(ways: Iterable[BitWay], guards: Mapping[int, int]) -> int:
    bits = 0
    for way in ways:
        strict = way.gap is Contiguity.STRICT
        bits |= (guards.get(way.where, way.where) or ALWAYS_BIT) if strict else ALWAYS_BIT
    return bits


def _endures(ways: tuple[BitWay, ...]) -> bool:
    """Whether a run takes every event for one of the ways, or passes over it."""
    return not any(way.ends or way.ends_next for way in ways) and any(
        way.gap is not Contiguity.STRICT
        and not (way.blocks or way.never_take or way.never_pass or way.greedy)
        for way in ways
    )
