"""Whether the runs of a pattern can double again and again.

Runs are words through an automaton: an event may be taken, taken for another step, or left. Their
number grows exponentially exactly if some state can be left and reached again by the same events
in two ways (Weber and Seidl, "On the degree of ambiguity of finite automata", 1991): the test
looks for such a pair of ways in the product of the automaton with itself.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from operators.cep.decide import implies, impossible, parts_of
from operators.cep.nfa import ALWAYS_BIT, Nfa, State

_MOST_PREDICATES = 8
_MOST_STATES = 60
_MOST_PAIRS = 20_000
Pair = tuple[State, State]


@dataclass(frozen=True, slots=True)
class Doubling:
    """After an event of `after` the next can be taken as `first`, or `second` (None: left)."""

    after: str
    first: str
    second: str | None


@dataclass(frozen=True, slots=True)
class _Edge:
    """Where a run may be after an event; `step` is None when it was left."""

    state: State
    step: str | None


def doubling(nfa: Nfa) -> Doubling | None:
    """How runs can double without end; None if they cannot, or if that is too much to work out."""
    try:
        return _Growth(nfa).find()
    except _TooMuchError:
        return None


class _TooMuchError(Exception):
    """The pattern is too large to be worked out."""


class _Growth:
    def __init__(self, nfa: Nfa) -> None:
        self._nfa = nfa
        self._letters = list(_letters(nfa))
        self._edges: dict[tuple[State, int], list[_Edge]] = {}
        self._work = 0

    def find(self) -> Doubling | None:
        states = self._states()
        for state in states:
            for bits in self._letters:
                for one, other in combinations(self._after(state, bits), 2):
                    if self._meets((one.state, other.state), state):
                        return _told(state, one, other)
        return None

    def _states(self) -> list[State]:
        found: dict[State, None] = {}
        pending = [edge.state for bits in self._letters for edge in self._after(None, bits)]
        while pending:
            state = pending.pop()
            if state not in found:
                found[state] = None
                if len(found) > _MOST_STATES:
                    raise _TooMuchError
                pending += [e.state for bits in self._letters for e in self._after(state, bits)]
        return list(found)

    def _after(self, state: State | None, bits: int) -> list[_Edge]:
        state = state or self._nfa.start
        known = self._edges.get((state, bits))
        if known is None:
            move = self._nfa.move(state, bits)
            known = [
                _Edge(self._nfa.state(position.key), position.step)
                for position in move.takes
                if position.key is not None
            ]
            if move.stays is not None:
                known.append(_Edge(move.stays, None))
            self._edges[state, bits] = known
        return known

    def _meets(self, pair: Pair, state: State) -> bool:
        """Whether both runs of a pair can come to a state by the same events."""
        seen = {pair}
        pending = [pair]
        while pending:
            one, other = pending.pop()
            if one is state and other is state:
                return True
            for bits in self._letters:
                for a in self._after(one, bits):
                    for b in self._after(other, bits):
                        self._work += 1
                        if self._work > _MOST_PAIRS * 10:
                            raise _TooMuchError
                        if (a.state, b.state) not in seen:
                            seen.add((a.state, b.state))
                            pending.append((a.state, b.state))
        return False


def _told(state: State, one: _Edge, other: _Edge) -> Doubling:
    after = "" if state.position is None else state.position.step
    if one.step is None:
        one, other = other, one
    return Doubling(after, one.step or "", other.step)


def _letters(nfa: Nfa) -> Iterator[int]:
    """Predicates that can hold together, as bits."""
    own = [parts_of(condition, of_event=True) for condition in nfa.predicates]
    numbers = range(1, len(nfa.predicates))
    if len(numbers) > _MOST_PREDICATES:
        raise _TooMuchError
    follows = {
        (a, b)
        for a in numbers
        for b in numbers
        if a != b and implies(nfa.predicates[a], nfa.predicates[b])
    }
    for size in range(len(numbers) + 1):
        for chosen in combinations(numbers, size):
            held = set(chosen)
            if any(a in held and b not in held for a, b in follows):
                continue
            if not impossible([part for number in chosen for part in own[number]]):
                yield ALWAYS_BIT | sum(1 << number for number in chosen)
