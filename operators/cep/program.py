"""A pattern ready to run: its state machine, and how its conditions are evaluated."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

from operators.cep.after_match import AfterMatch
from operators.cep.configuration import Configurations
from operators.cep.memory import Late, Memo, Memory
from operators.cep.needed import needed, repeated
from operators.cep.nfa import Nfa, Position
from operators.cep.turns import turns_of
from tidegauge.patterns.pattern import SkipTo

if TYPE_CHECKING:
    from operators.cep.buffer import Node, Path

Row = Sequence[Any]
"""Values of an event, as the columns of `EventColumns` order them."""


@dataclass(frozen=True, slots=True)
class Dynamic:
    """A predicate that looks at what the run took before.

    Holds when all bits of `guard` are set and `test` is true; `test` gets the event and the last
    node of the run (None for a run that is about to begin). `asks` are the numbers of the
    accumulators that it reads.
    """

    bit: int
    guard: int
    test: "Callable[[Row, Node | None], bool]"
    asks: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Accumulator:
    """A running value over the events taken for a step: from `initial`, by `add(value, row)`.

    `of_last`: whether the last of these events alone decides it.
    """

    step: str
    initial: Hashable
    add: Callable[[Any, Row], Hashable]
    of_last: bool = False


class Program:
    """One compiled pattern.

    Args:
        nfa: its state machine.
        dynamic: predicates that look at what was taken before.
        accumulators: what they need to know of it, in the order in which the memo holds it.
        late: predicates that are asked last; they are none of the dynamic ones.
        apart: whether runs may never share a node, because a condition looks at whole runs.

    Attributes:
        turns: how first events take turns; None where they have to be read side by side.
        in_turn: whether they do: the runs of different ones would share no nodes in a loop, or the
            first of them all that lives is the one that decides.
    """

    def __init__(
        self,
        nfa: Nfa,
        dynamic: Sequence[Dynamic] = (),
        accumulators: Sequence[Accumulator] = (),
        late: Sequence[Late] = (),
        *,
        apart: bool = False,
    ) -> None:
        self.nfa = nfa
        self.within_ns = nfa.pattern.within_ns
        self.step_limits = nfa.step_limits
        self.dynamic = tuple(dynamic)
        self.late = tuple(late)
        self.late_bits = sum(one.bit for one in self.late)
        asked_of_run: list[Dynamic | Late] = [*self.dynamic, *self.late]
        guards = {one.bit: one.guard for one in asked_of_run}
        self.unguarded = sum(bit for bit, guard in guards.items() if not guard)
        self.after = AfterMatch(nfa)
        self.configurations = Configurations(nfa, guards)
        self.each_told = self.after.keeps_all and any(
            position.accepts and position.key is not None for position in nfa.places()
        )
        self._known = (1 << len(nfa.predicates)) - 1
        self._memory = Memory(accumulators)
        self._apart = count() if apart else None
        every = frozenset(range(len(accumulators)))
        asked = needed(nfa, {one.bit: one.asks for one in self.dynamic}) if every else {}
        self._gone = {frames: tuple(every - kept) for frames, kept in asked.items()}
        merge = not apart and all(
            accumulators[number].of_last and accumulators[number].step == nfa.position(frames).step
            for frames in (repeated(nfa) if every else ())
            for number in asked[frames]
        )
        self.turns = turns_of(nfa, guards)
        # Without a window every first event is judged until a match: but one is enough then.
        past_last = nfa.pattern.skip.to is SkipTo.PAST_LAST and self.within_ns is None
        enough = bool(every) and past_last and self.turns is not None and self.turns.endure
        self.in_turn = self.turns is not None and (not merge or enough)

    def bits_for(self, bits: int, looks: int, row: Row, last: "Node | None") -> int:
        """All predicates that hold for an event and a run.

        Args:
            bits: predicates of the event alone, guards among them.
            looks: predicates that matter to the run.
            row: the event.
            last: last node of the run.
        """
        for one in self.dynamic:
            if looks & one.bit and bits & one.guard == one.guard and one.test(row, last):
                bits |= one.bit
        return bits & self._known

    def may_hold(self, bits: int, looks: int) -> list[Dynamic]:
        """Predicates that look at what was taken and may hold; arguments as of `bits_for`."""
        return [one for one in self.dynamic if looks & one.bit and bits & one.guard == one.guard]

    def memo(self, last: "Node | None", position: Position, row: Row) -> Memo:
        """What conditions need to know of a run that takes an event and is at a position then."""
        memory = self._memory
        memo = memory.initial if last is None else last.memo
        if not memo:
            return memo
        return memory.after(memo, position.step, row, self._gone[position.frames])

    def share(self) -> Hashable:
        """Runs that take the same event for the same place share a node if this is the same."""
        return None if self._apart is None else next(self._apart)


def accumulate(accumulators: Sequence[Accumulator], path: "Path") -> tuple[Hashable, ...]:
    """Running values over all events of a run."""
    values = []
    for one in accumulators:
        value = one.initial
        for node in path:
            if node.position.step == one.step:
                value = one.add(value, node.row)
        values.append(value)
    return tuple(values)
