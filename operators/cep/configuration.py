"""All states in which a key has runs, taken together: what an event does to them at once.

Where conditions look at the event alone, runs in one state do the same. So the runs of a key are a
few tuples of nodes, one for each state, and what an event does to them is a plan that is worked out
once for each set of states and of predicates that hold.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from operators.cep.nfa import ALWAYS_BIT, Nfa, Position, State


class Take(NamedTuple):
    """A new node for a position: after the nodes of these states, or as a beginning."""

    position: Position
    sources: tuple[int, ...]
    begins: bool


Moved = tuple[int, int, tuple[int, ...], tuple[int, ...]]


@dataclass(slots=True, eq=False)
class Plan:
    """What an event does.

    Attributes:
        takes: new nodes.
        becomes: the configuration afterwards.
        moves: for each state of it, the states before whose nodes go there, and the new nodes;
            where it is one or the other, and one only, that is said first (else -1).
        finals: new nodes that are matches.
        completes: states before whose runs are matches without the event.
        begins: whether runs begin.
        only_begins: the position where one run begins, if the event does nothing else and no run
            was alive; the usual case.
    """

    takes: tuple[Take, ...]
    becomes: "Configuration"
    moves: tuple[Moved, ...]
    finals: tuple[int, ...]
    completes: tuple[int, ...]
    begins: bool
    only_begins: Position | None = None


@dataclass(slots=True, eq=False)
class Configuration:
    """The states of a key's runs.

    Attributes:
        states: they, each once.
        looks: predicates that matter to runs alive.
        mask: predicates that matter to them or to a run that begins.
        needs_next: whether an event for which none of them holds matters, too.
        ends: whether runs may be matches once their time is over.
        plans: what was worked out; None for an event that changes nothing.
    """

    states: tuple[State, ...]
    looks: int
    mask: int
    needs_next: bool
    ends: bool
    plans: dict[int, Plan | None] = field(default_factory=dict)
    without: dict[int, "Configuration"] = field(default_factory=dict)


class Configurations:
    """The configurations of one pattern, made as events need them.

    Args:
        nfa: the state machine.
        guards: for predicates that look at what was taken before: a sign, in the bits of an
            event, that they may hold; 0 where there is none.
    """

    def __init__(self, nfa: Nfa, guards: Mapping[int, int]) -> None:
        self._nfa = nfa
        self._guards = guards
        self._known: dict[tuple[State, ...], Configuration] = {}
        self.empty = self.of(())

    def of(self, states: Iterable[State]) -> Configuration:
        """The configuration of some states, in this order."""
        key = tuple(states)
        known = self._known.get(key)
        if known is None:
            looks = 0
            for state in key:
                looks |= state.looks
            guards = [guard for bit, guard in self._guards.items() if looks & bit]
            needs_next = not all(guards) or any(not state.idle for state in key)
            mask = looks | self._nfa.start.looks | ALWAYS_BIT
            for guard in guards:
                looks |= guard
            ends = any(state.matches_at_end for state in key)
            known = self._known[key] = Configuration(key, looks, mask, needs_next, ends)
        return known

    def only(self, configuration: Configuration, kept: int) -> Configuration:
        """The configuration without the states whose bits are not in `kept`."""
        known = configuration.without.get(kept)
        if known is None:
            states = [s for n, s in enumerate(configuration.states) if kept >> n & 1]
            known = configuration.without[kept] = self.of(states)
        return known

    def plan(self, configuration: Configuration, bits: int) -> Plan | None:
        """What an event with these predicates does; None if it changes nothing."""
        nfa = self._nfa
        sources: dict[Position, list[int]] = {}
        moves: dict[State, tuple[list[int], list[int]]] = {}
        completes = []
        for number, state in enumerate(configuration.states):
            move = nfa.move(state, bits)
            if move.stays is not None:
                moves.setdefault(move.stays, ([], []))[0].append(number)
            for position in move.takes:
                sources.setdefault(position, []).append(number)
            if move.completes:
                completes.append(number)
        first = nfa.move(nfa.start, bits).takes
        for position in first:
            sources.setdefault(position, [])
        takes = tuple(Take(to, tuple(after), to in first) for to, after in sources.items())
        finals = [number for number, take in enumerate(takes) if take.position.accepts]
        for number, take in enumerate(takes):
            if take.position.key is not None:
                moves.setdefault(nfa.state(take.position.key), ([], []))[1].append(number)
        plan = self._made(configuration, takes, moves, (finals, completes), begins=bool(first))
        configuration.plans[bits] = plan
        return plan

    def _made(
        self,
        configuration: Configuration,
        takes: tuple[Take, ...],
        moves: dict[State, tuple[list[int], list[int]]],
        matches: tuple[list[int], list[int]],
        *,
        begins: bool,
    ) -> Plan | None:
        becomes = self.of(moves)
        if becomes is configuration and not takes:
            return None
        finals, completes = matches
        moved = tuple(_moved(old, new) for old, new in moves.values())
        plan = Plan(takes, becomes, moved, tuple(finals), tuple(completes), begins)
        if not configuration.states and len(takes) == len(moves) == 1 and not finals:
            plan.only_begins = takes[0].position
        return plan


def _moved(old: list[int], new: list[int]) -> Moved:
    only_old = old[0] if len(old) == 1 and not new else -1
    only_new = new[0] if len(new) == 1 and not old else -1
    return only_old, only_new, tuple(old), tuple(new)
