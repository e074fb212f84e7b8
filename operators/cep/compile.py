"""Patterns made ready to run over columns: one layout for all, one program each."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from operators.cep.buffer import Node
from operators.cep.layout import EventLayout
from operators.cep.memory import Late, Memo, Memory
from operators.cep.nfa import ALWAYS_BIT, Nfa
from operators.cep.program import Dynamic, Program, Row
from operators.cep.sql_condition import RunValues
from operators.cep.ways import looks
from tidegauge.expressions.compiled import Columns, ExpressionError
from tidegauge.patterns.checks import PatternError
from tidegauge.patterns.condition import Always, Condition, Event, EventTest, RunTest, Sql
from tidegauge.patterns.pattern import Pattern, SkipTo, step_names

Judge = Callable[[Row, Memo], Any]
"""Value of a condition for an event and what is remembered of a run."""
MAX_PREDICATES = 62
"""Predicates of one pattern: they are the bits of an integer."""


@dataclass(frozen=True, slots=True)
class Bound:
    """A program, and where its predicates are in the layout.

    Attributes:
        program: the compiled pattern.
        sources: for each predicate of the event alone its bit and its number in the layout.
        begins: bits of which an event has one if it can begin a run; 0 when any event can.
        every_event: whether an event for which no predicate holds may be taken, or read.
    """

    program: Program
    sources: tuple[tuple[int, int], ...]
    begins: int
    every_event: bool


def bind(
    pattern: Pattern, columns: Columns, layout: EventLayout, *, each_told: bool = False
) -> Bound:
    """Compile a pattern.

    Args:
        pattern: what to look for.
        columns: columns of the events and their types.
        layout: what is computed of every batch; extended by what the pattern needs.
        each_told: whether every run is told of, so that none may stand for others.

    Raises:
        PatternError: a condition cannot be compiled, or there are too many.
    """
    nfa = Nfa(pattern)
    asked_last = 0 if each_told else last_conditions(nfa)
    binding = _Binding(nfa, columns, layout, asked_last)
    for number, condition in enumerate(nfa.predicates):
        if number:
            binding.add(1 << number, condition)
    program = binding.program()
    first = [way.where for way in nfa.start.ways]
    unguarded = program.unguarded | ALWAYS_BIT
    any_begins = any(bit & unguarded for bit in first)
    taken = [way.where for way in nfa.all_ways()]
    begins = 0 if any_begins else sum(set(first))
    # A dynamic condition with a guard: its events are told by the guard.
    for one in program.dynamic:
        if begins & one.bit:
            begins |= one.guard
    # Whatever asks for the run alone reads the event's values too, also what must not come.
    every = any_begins or bool(program.unguarded) or any(bit & ALWAYS_BIT for bit in taken)
    return Bound(program, tuple(binding.sources), begins, every)


def last_conditions(nfa: Nfa) -> int:
    """Predicates that only decide whether a run takes its last event.

    They may be asked when a match is looked for, and of no other runs than those that come first:
    where a match removes all runs that began with it, and none becomes one by waiting.
    """
    ways = list(nfa.all_ways())
    removes = nfa.pattern.skip.to in (SkipTo.PAST_LAST, SkipTo.TO_NEXT)
    if not removes or any(way.tail is not None for way in ways):
        return 0
    last, others = 0, nfa.start.looks | ALWAYS_BIT
    for way in ways:
        if nfa.position(way.target).key is None:
            last |= way.where
            others |= looks([replace(way, where=0)])
        else:
            others |= looks([way])
    return last & ~others


class _Binding:
    def __init__(self, nfa: Nfa, columns: Columns, layout: EventLayout, asked_last: int) -> None:
        self._nfa = nfa
        self._layout = layout
        self._values = RunValues(columns, step_names(nfa.pattern), layout)
        self._last_values = RunValues(columns, step_names(nfa.pattern), layout)
        self._asked_last = asked_last
        self._name = nfa.pattern.name
        self._next = len(nfa.predicates)
        self._asked: list[tuple[int, int, Judge]] = []
        self._dynamic: list[Dynamic] = []
        self._apart = False
        self.sources: list[tuple[int, int]] = []

    def program(self) -> Program:
        """The pattern, when all its predicates have been added."""
        memory = Memory(self._last_values.accumulators)
        late = [Late(*asked[:2], memory, _holds(asked[2])) for asked in self._asked]
        accumulators = self._values.accumulators
        return Program(self._nfa, self._dynamic, accumulators, late, apart=self._apart)

    def add(self, bit: int, condition: Condition) -> None:
        """Find out how a predicate is evaluated."""
        if isinstance(condition, EventTest | RunTest) and not self._layout.carry:
            raise PatternError(
                f"{self._name}: a condition in Python sees the columns that are carried; "
                "there are none"
            )
        match condition:
            case Always():
                raise AssertionError("always holds has no column")
            case EventTest():
                self.sources.append((bit, self._layout.test(condition)))
            case RunTest():
                self._add_test(bit, condition)
            case Sql():
                self._add_sql(bit, condition)
        if bit >> MAX_PREDICATES or self._next > MAX_PREDICATES:
            raise PatternError(
                f"{self._name}: more than {MAX_PREDICATES} different conditions; "
                "split it into several patterns"
            )

    def _guard(self, number: int) -> int:
        bit = 1 << self._next
        self._next += 1
        self.sources.append((bit, number))
        return bit

    def _add_test(self, bit: int, condition: RunTest) -> None:
        self._apart = True
        guard = 0
        if condition.needs is not None:
            guard = self._guard(self._layout.test(EventTest(condition.needs)))
        layout, test = self._layout, condition.test

        def holds(row: Row, last: Node | None) -> bool:
            return bool(test(layout.event(row), _Taken(layout, last)))

        self._dynamic.append(Dynamic(bit, guard, holds))

    def _add_sql(self, bit: int, condition: Sql) -> None:
        late = bool(bit & self._asked_last)
        values = self._last_values if late else self._values
        try:
            parts = values.condition(condition.text)
        except ExpressionError as error:
            raise PatternError(f"{self._name}: {condition.text!r}: {error}") from None
        if parts.run is None:
            if parts.event is not None:
                self.sources.append((bit, parts.event))
            return
        guard = 0 if parts.event is None else self._guard(parts.event)
        if late:
            self._asked.append((bit, guard, parts.run))
            return
        evaluate, initial = parts.run, _Initial(self._values)

        def holds(row: Row, last: Node | None) -> bool:
            return evaluate(row, initial() if last is None else last.memo) is True

        self._dynamic.append(Dynamic(bit, guard, holds, parts.asks))


def _holds(evaluate: Judge) -> Callable[[Row, Memo], bool]:
    return lambda row, memo: evaluate(row, memo) is True


class _Initial:
    """What a run that took nothing knows; asked for when all conditions have been compiled."""

    def __init__(self, values: RunValues) -> None:
        self._values = values

    def __call__(self) -> Sequence[Any]:
        return tuple(one.initial for one in self._values.accumulators)


class _Taken:
    """What a run took, for a condition in Python."""

    def __init__(self, layout: EventLayout, last: Node | None) -> None:
        self._layout = layout
        self._last = last

    def events(self, step: str) -> list[Event]:
        found: list[Mapping[str, Any]] = []
        node = self._last
        while node is not None:
            if node.position.step == step:
                found.append(self._layout.event(node.row))
            node = node.before[0] if node.before else None
        return found[::-1]
