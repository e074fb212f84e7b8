"""What an event makes of the runs of one pattern in one key."""

from collections.abc import Hashable, Iterator, Sequence
from typing import Any, NamedTuple

from operators.cep.buffer import Node
from operators.cep.configuration import Configuration, Plan
from operators.cep.forward import Ending
from operators.cep.memory import Late
from operators.cep.nfa import Position, State
from operators.cep.program import Program
from operators.cep.work import TAKE, Work

_FEW = 16
"""Nodes before a node for which a unit of work is enough."""
_MANY = 32
"""The same of nodes that are only passed on."""
Nodes = tuple[Node, ...]
Target = tuple[Position, tuple[Hashable, ...], Hashable]
"""What runs that take an event must agree in to share its node."""


class After(NamedTuple):
    """Runs after an event.

    Attributes:
        configuration: states of the runs alive.
        ends: for each state the nodes where runs end.
        finals: nodes whose runs are matches.
        made: nodes made for the event.
        begun: whether a run began.
    """

    configuration: Configuration
    ends: list[Nodes]
    finals: list[Node]
    made: list[Node]
    begun: bool


def follow(
    plan: Plan,
    ends: Sequence[Nodes],
    event: tuple[int, int, Any],
    make: type[Node],
    work: Work,
) -> After:
    """Conditions look at the event alone: the runs of a state move together."""
    made = []
    seq, time_ns, row = event
    for position, sources, begins in plan.takes:
        before: Nodes = ()
        for source in sources:
            before = before + ends[source] if before else ends[source]
        if len(before) > _FEW:
            work.spend(len(before) // _FEW)
        made.append(make(seq, time_ns, row, position, before, begins))
    finals = [made[number] for number in plan.finals] if plan.finals else []
    for number in plan.completes:
        finals += ends[number]
    moved = []
    for only_old, only_new, olds, news in plan.moves:
        if only_old >= 0:
            moved.append(ends[only_old])
        elif only_new >= 0:
            moved.append((made[only_new],))
        else:
            moved.append(_joined(ends, olds) + tuple(made[new] for new in news))
    return After(plan.becomes, moved, finals, made, plan.begins)


def _joined(ends: Sequence[Nodes], numbers: Sequence[int]) -> Nodes:
    nodes: Nodes = ()
    for number in numbers:
        nodes = nodes + ends[number] if nodes else ends[number]
    return nodes


class _Judged:
    """Runs after an event, while one after the other is judged."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.states: dict[State, list[Node]] = {}
        self.finals: list[Node] = []
        self.targets: dict[Target, tuple[list[Node], bool]] = {}

    def judge(self, state: State, nodes: Nodes, row: Any, bits: int) -> int:
        """What the event makes of the runs of a state; those alike move together.

        Returns:
            how much work that was.
        """
        program = self.program
        alike: list[tuple[int, Sequence[Node]]] = [(program.bits_for(bits, 0, row, None), nodes)]
        tests = program.may_hold(bits, state.looks)
        work = len(nodes) * len(tests) + len(nodes) // _MANY
        for one in tests:
            test, bit = one.test, one.bit
            parted = []
            for own, some in alike:
                holds = [node for node in some if test(row, node)]
                if not holds:
                    parted.append((own, some))
                    continue
                parted.append((own | bit, holds))
                if len(holds) < len(some):
                    held = set(map(id, holds))
                    parted.append((own, [node for node in some if id(node) not in held]))
            alike = parted
        for own, some in alike:
            if self.move(state, some, own, row):
                work += TAKE * len(some)
        return work

    def move(self, state: State, nodes: Sequence[Node], own: int, row: Any) -> bool:
        """What the event makes of runs of a state for which the same predicates hold.

        Returns:
            whether they take it.
        """
        program = self.program
        move = state.moves.get(own) or program.nfa.move(state, own)
        if move.stays is not None:
            self.states.setdefault(move.stays, []).extend(nodes)
        for position in move.takes:
            for node in nodes:
                key = (position, program.memo(node, position, row), program.share())
                self.targets.setdefault(key, ([], False))[0].append(node)
        if move.completes:
            self.finals += nodes
        return bool(move.takes)

    def begin(self, row: Any, bits: int) -> bool:
        """Runs that begin; whether there is one."""
        program, start = self.program, self.program.nfa.start
        own = program.bits_for(bits, start.looks, row, None)
        first = (start.moves.get(own) or program.nfa.move(start, own)).takes
        for position in first:
            key = (position, program.memo(None, position, row), program.share())
            before, _ = self.targets.get(key, ([], False))
            self.targets[key] = (before, True)
        return bool(first)

    def make(self, event: tuple[int, int, Any], make: type[Node]) -> list[Node]:
        """The new nodes."""
        nfa = self.program.nfa
        made = []
        for (position, memo, _), (before, begins) in self.targets.items():
            node = make(*event, position, tuple(before), begins, memo)
            made.append(node)
            if position.accepts:
                self.finals.append(node)
            if position.key is not None:
                self.states.setdefault(nfa.state(position.key), []).append(node)
        return made


def judge_each(
    program: Program,
    configuration: Configuration,
    ends: Sequence[Nodes],
    event: tuple[int, int, Any],
    bits: int,
    make: type[Node],
    *,
    work: Work,
    may_begin: bool = True,
) -> After:
    """Conditions look at what was taken before: the nodes they matter to are judged one by one.

    Args:
        program: the pattern.
        configuration: states of the runs.
        ends: for each state the nodes where runs end.
        event: number, time and values of the event.
        bits: predicates of the event alone that hold.
        make: what nodes are made of.
        may_begin: whether a run may begin with the event.
        work: what it may cost.
    """
    judged = _Judged(program)
    row = event[2]
    for state, nodes in zip(configuration.states, ends, strict=True):
        work.spend(judged.judge(state, nodes, row, bits))
    begun = may_begin and judged.begin(row, bits)
    made = judged.make(event, make)
    left = [tuple(nodes) for nodes in judged.states.values()]
    return After(program.configurations.of(judged.states), left, judged.finals, made, begun)


def ask_late(
    program: Program,
    configuration: Configuration,
    ends: Sequence[Nodes],
    event: tuple[int, int, Any],
    bits: int,
    floor: int,
    work: Work,
) -> list[Ending]:
    """Where runs would end that are matches, if their late conditions held; arguments as before."""
    found: list[Ending] = []
    for late in program.late:
        if not configuration.looks & late.bit or bits & late.guard != late.guard:
            continue
        sources: dict[Position, Nodes] = {}
        for state, nodes in zip(configuration.states, ends, strict=True):
            if state.looks & late.bit:
                for position, some in _taken_late(program, state, nodes, event[2], bits, late):
                    sources[position] = sources.get(position, ()) + some
                    work.spend(1 + len(some) // _FEW)
        found += [
            Ending(Node(*event, position, nodes, False), floor, late=late)
            for position, nodes in sources.items()
        ]
    return found


def _taken_late(
    program: Program, state: State, nodes: Nodes, row: Any, bits: int, late: Late
) -> Iterator[tuple[Position, Nodes]]:
    """For each last position the nodes whose runs take the event for it, if the condition holds."""
    if not program.may_hold(bits, state.looks):
        together = [(nodes, program.bits_for(bits, 0, row, None))]
    else:
        together = [((node,), program.bits_for(bits, state.looks, row, node)) for node in nodes]
    for some, own in together:
        without = program.nfa.move(state, own).takes
        for position in program.nfa.move(state, own | late.bit).takes:
            if position not in without:
                yield position, some
