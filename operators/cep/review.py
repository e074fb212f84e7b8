"""What a pattern's author should know before it runs: that it never matches, never ends, blows up.

Only what is sure is told: the warnings come from the state machine of the pattern, and from what
can be decided of its conditions.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from operators.cep.decide import before, implies, impossible, parts_of
from operators.cep.growth import Doubling, doubling
from operators.cep.nfa import ALWAYS_BIT, Nfa, Position
from operators.cep.positions import Tail
from operators.cep.ways import BitWay
from tidegauge.patterns.condition import Condition, Sql
from tidegauge.patterns.pattern import Absence, Contiguity, Pattern, step_names, steps_of

_MOST_POSITIONS = 500
"""Patterns with more are not looked into: that would take long."""


class Risk(StrEnum):
    """What may be wrong with a pattern."""

    NEVER_MATCHES = "never matches"
    DEAD_STEP = "dead step"
    NEVER_ENDS = "never ends"
    BLOWS_UP = "blows up"


@dataclass(frozen=True, slots=True)
class Warning:  # noqa: A001 - the word for it; nothing here uses Python's
    """One thing to look at.

    Attributes:
        risk: what kind.
        message: what, and what to do.
        step: the step whose condition is the cause; None for the pattern as a whole.
    """

    risk: Risk
    message: str
    step: str | None = None


def review(pattern: Pattern) -> list[Warning]:
    """Warnings about a sound pattern.

    Raises:
        PatternError: it has too many positions to be run.
    """
    nfa = Nfa(pattern)
    if sum(1 for _ in nfa.places()) > _MOST_POSITIONS:
        return []
    reached = _Reached(nfa)
    warnings = list(reached.dead())
    if any(warning.risk is Risk.NEVER_MATCHES for warning in warnings):
        return warnings
    if pattern.within_ns is None and (waits := _endless(nfa, reached)):
        warnings.append(Warning(Risk.NEVER_ENDS, waits))
    found = doubling(nfa)
    if found is not None:
        warnings.append(Warning(Risk.BLOWS_UP, _grows(found)))
    return warnings


class _Reached:
    """The places that runs can come to, and why they cannot come to others."""

    def __init__(self, nfa: Nfa) -> None:
        self._nfa = nfa
        self._absent = {
            item.where: item.name
            for item in steps_of(nfa.pattern.sequence)
            if isinstance(item, Absence)
        }
        self.positions: dict[Position, frozenset[str]] = {}
        """Places, and the steps that may have taken something when a run is there."""
        self._walk()

    def dead(self) -> Iterator[Warning]:
        """Steps that never take an event for a reason of their own."""
        alive = {position.step for position in self.positions}
        why: dict[str, str] = {}
        for way, taken in self._ways():
            step = "" if way.tail is not None else self._nfa.position(way.target).step
            if step not in alive and (reason := self._reason(way, taken)):
                why.setdefault(step, reason)
        never = not any(self._accepts(position) for position in self.positions)
        for step in step_names(self._nfa.pattern):
            if step in why:
                risk = Risk.NEVER_MATCHES if never else Risk.DEAD_STEP
                result = ", so the pattern never matches" if never else ""
                yield Warning(risk, f"step {step} never takes an event{result}: {why[step]}", step)
        if never and "" in why:
            yield Warning(Risk.NEVER_MATCHES, f"the pattern never matches: {why['']}")

    def _walk(self) -> None:
        pending = [(way, frozenset[str]()) for way in self._nfa.start.ways]
        while pending:
            way, taken = pending.pop()
            if way.tail is not None or self._reason(way, taken):
                continue
            position = self._nfa.position(way.target)
            known = self.positions.get(position)
            after = taken | {position.step} | (known or frozenset())
            if after != known:
                self.positions[position] = after
                pending += [(onward, after) for onward in position.ways]

    def _ways(self) -> Iterator[tuple[BitWay, frozenset[str]]]:
        for way in self._nfa.start.ways:
            yield way, frozenset()
        for position, taken in self.positions.items():
            for way in position.ways:
                yield way, taken

    def _accepts(self, position: Position) -> bool:
        taken = self.positions[position]
        tails = [way for way in position.ways if way.tail is not None]
        return position.accepts or any(not self._reason(way, taken) for way in tails)

    def _reason(self, way: BitWay, taken: frozenset[str]) -> str | None:
        """Why a way never takes an event; None if it may."""
        if way.tail is Tail.NEXT_EVENT and way.ends_next & ALWAYS_BIT:
            return "any event that comes next is what must not come"
        if way.tail is not None:
            return None
        (where,) = self._conditions(way.where)
        parts = parts_of(where)
        if impossible(parts):
            return f"{_text(where)} cannot hold"
        if impossible(before(parts, taken)):
            return f"{_text(where)} cannot hold while nothing was taken for the steps it names"
        return self._forbidden(way, where)

    def _forbidden(self, way: BitWay, where: Condition) -> str | None:
        """Why no event that fits is ever taken."""
        never = way.ends_next if way.gap is Contiguity.STRICT else 0
        if not self._nfa.position(way.target).accepts:
            never |= way.ends
        for condition in self._conditions(never):
            if implies(where, condition):
                name = self._absent[condition]
                return f"every event that fits is a {name}, which must not come before it"
        for condition in self._conditions(way.blocks | way.never_take):
            if implies(where, condition):
                return "every event that fits closes the loop (until)"
        for one in way.greedy:
            (greedy,) = self._conditions(one.where)
            if not one.until and not one.first_only and implies(where, greedy):
                return "every event that fits is left to the greedy step before it"
        return None

    def _conditions(self, bits: int) -> Iterator[Condition]:
        for number, condition in enumerate(self._nfa.predicates):
            if bits >> number & 1:
                yield condition


def _endless(nfa: Nfa, reached: _Reached) -> str | None:
    """How a run can live forever."""
    for position in reached.positions:
        ways = [way for way in position.ways if way.tail is None]
        if any(way.within_ns is not None for way in position.ways):
            continue
        for way in ways:
            step = nfa.position(way.target).step
            if way.gap is not Contiguity.STRICT:
                return (
                    f"a run that waits for {step} is held until that comes, however long: set"
                    f" within, or [within …] on {step}"
                )
            if step == position.step and way.where == ALWAYS_BIT and not way.never_take:
                return f"the loop {step} takes every event and has no end: set within"
    return None


def _grows(found: Doubling) -> str:
    if found.second is None:
        what = f"an event that fits {found.first} can be taken or left"
        advice = f"follow with -> instead of ->>, or bound the number of times of {found.first}"
    elif found.first == found.second:
        what = f"an event that fits {found.first} can be taken for it in two ways"
        advice = "make one loop of the two"
    else:
        what = f"an event that fits {found.first} and {found.second} can be taken for either"
        advice = "make their conditions exclude each other"
    return (
        f"runs can double with every event: after {found.after} {what}, again and again; {advice}"
    )


def _text(condition: Condition) -> str:
    return " ".join(condition.text.split()) if isinstance(condition, Sql) else "its condition"
