"""Runs as plain values, small and free of the pattern's own objects: for snapshots."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

from operators.cep.buffer import NEVER, Node, TimedNode, reachable
from operators.cep.forward import Ending
from operators.cep.in_turn import Logged, OneTurn, RunsInTurn
from operators.cep.runs import Runs
from tidegauge.patterns.condition import EventTest, RunTest
from tidegauge.patterns.pattern import Pattern

Saved = dict[str, Any]
Remap = Callable[[Sequence[Any]], Sequence[Any]]
"""Values of a row as the layout of today orders them."""


def fingerprint(pattern: Pattern, beside: str = "") -> str:
    """The same text for the same pattern, in every process; functions count by their names.

    Args:
        pattern: the pattern.
        beside: what else must be the same.
    """
    described = f"{_described(pattern)} {beside}" if beside else _described(pattern)
    return hashlib.blake2b(described.encode(), digest_size=16).hexdigest()


def _described(value: Any) -> str:
    if isinstance(value, EventTest | RunTest):
        names = [_function(getattr(value, field.name)) for field in fields(value)]
        return f"{type(value).__name__}({', '.join(names)})"
    if is_dataclass(value):
        parts = (
            f"{field.name}={_described(getattr(value, field.name))}" for field in fields(value)
        )
        return f"{type(value).__name__}({', '.join(parts)})"
    if isinstance(value, tuple):
        return f"({', '.join(map(_described, value))})"
    if isinstance(value, frozenset):
        return f"{{{', '.join(sorted(map(_described, value)))}}}"
    return repr(value)


def _function(test: Any) -> str:
    if test is None:
        return "None"
    name = getattr(test, "__qualname__", None)
    return repr(test) if name is None else f"{test.__module__}.{name}"


def save(runs: Runs) -> Saved:
    """Everything of the runs that a restart needs.

    Nodes come as columns, each node after those before it; rows and positions are numbered, for
    many nodes share them. What is remembered of runs is worked out again from their events.
    """
    if isinstance(runs, RunsInTurn):
        return {
            "current": None if runs.current is None else save(runs.current),
            "log": [tuple(event) for event in runs.log],
            "floor": runs.floor,
            "newest_ns": runs.newest_ns,
            "resting": runs.resting,
            "wiped": runs.wiped,
            "trim_at": runs.trim_at,
            "work": runs.work.left,
        }
    waiting = runs.after.waiting
    floor = runs.after.least(runs.floor)
    nodes = reachable([*runs.alive(), *(ending.node for ending in waiting)], floor)
    number = {id(node): at for at, node in enumerate(nodes)}
    rows = {id(node.row): node.row for node in nodes}
    row_number = {key: at for at, key in enumerate(rows)}
    positions = {node.position.frames: None for node in nodes}
    position_number = {frames: at for at, frames in enumerate(positions)}
    return {
        "rows": list(rows.values()),
        "positions": list(positions),
        "nodes": [
            (
                node.seq,
                node.time_ns,
                row_number[id(node.row)],
                position_number[node.position.frames],
                [number[id(n)] for n in node.before if n.newest > floor],
                node.begins,
                node.oldest,
                node.runs,
                getattr(node, "told", 0),
            )
            for node in nodes
        ],
        "nodes_are": runs.node.__name__,
        "counts": (runs.made, runs.bound, runs.told, runs.trim_at),
        "first": runs.after.first,
        "work": runs.work.left,
        "states": [state.key for state in runs.configuration.states],
        "ends": [[number[id(node)] for node in nodes] for nodes in runs.ends],
        "waiting": [
            (number[id(node)], above, up_to, late.bit if late else 0)
            for node, above, up_to, late, _ in waiting
        ],
        "known": [one.known for one in waiting],
        "floor": runs.floor,
        "starts": list(runs.starts),
    }


def load(saved: Mapping[str, Any], runs: Runs, remap: Remap) -> None:  # noqa: C901 - three versions
    """Let new runs go on where `save` left off, in this version or the one before.

    Args:
        saved: what `save` gave, for the same pattern.
        runs: new runs of that pattern.
        remap: brings rows into today's layout.
    """
    if isinstance(runs, RunsInTurn):
        _load_in_turn(saved, runs, remap)
        return
    nfa = runs.program.nfa
    rows = [None if row is None else remap(row) for row in saved["rows"]]
    positions = [nfa.position(frames) for frames in saved["positions"]]
    nodes: list[Node] = []
    exact = saved.get("nodes_are") == runs.node.__name__
    for seq, time_ns, row, position, before, begins, *counted in saved["nodes"]:
        earlier = tuple([nodes[at] for at in before])
        node = runs.node(seq, time_ns, rows[row], positions[position], earlier, begins)
        if exact:
            _count_as(node, *counted)
        nodes.append(node)
    runs.configuration = runs.program.configurations.of(map(nfa.state, saved["states"]))
    runs.ends = [tuple(nodes[at] for at in ends) for ends in saved["ends"]]
    runs.floor = saved["floor"]
    runs.starts = list(saved["starts"])
    waiting = saved["waiting"]
    if waiting and isinstance(waiting[0], list):
        endings = [(_chain(nodes[at] for at in path), 0) for path in waiting]
    else:
        endings = [(Ending(nodes[at], *bounds), bit) for at, *bounds, bit in waiting]
    runs.after.hold([ending for ending, _ in endings])
    if runs.pays and "work" in saved:
        runs.work.left = saved["work"]
    if exact:
        runs.made, runs.bound, runs.told, runs.trim_at = saved["counts"]
        runs.trim_at = min(runs.trim_at, runs.limits.nodes)
    # Limits may be others than those of the earlier run.
    if not exact or runs.made > runs.limits.nodes or runs.bound > runs.limits.runs:
        runs.fit()
    asked = {late.bit: late for late in runs.program.late}
    if runs.program.dynamic:
        kept = [*runs.alive(), *(ending.node for ending, _ in endings)]
        known = _remembered(runs, reachable(kept, runs.after.least(runs.floor)))
        runs.ends = [tuple(one for node in ends for one in known[id(node)]) for ends in runs.ends]
        endings = [
            (ending._replace(node=node), bit)
            for ending, bit in endings
            for node in _that_hold(runs, known[id(ending.node)], 0 if bit in asked else bit)
        ]
    runs.after.hold([one._replace(late=asked.get(bit)) for one, bit in endings])
    if exact and endings:
        runs.after.first = saved["first"]
        known = saved["known"]
        if len(known) == len(endings):
            waits = zip(runs.after.waiting, known, strict=True)
            runs.after.waiting = [one._replace(known=first) for one, first in waits]
    runs.look_ahead()


def is_in_turn(saved: Mapping[str, Any]) -> bool:
    """Whether what was saved are runs of which one first event is followed at a time."""
    return "log" in saved


def _load_in_turn(saved: Mapping[str, Any], runs: RunsInTurn, remap: Remap) -> None:
    """As `load`; runs that were side by side go on so, and first events after them take turns."""
    current: OneTurn | None = None
    known = saved["current"] if is_in_turn(saved) else saved
    if known is not None:
        current = runs.new_turn()
        load(known, current, remap)
    if not is_in_turn(saved):
        newest_ns = max((at_ns for _, at_ns in saved["starts"]), default=-NEVER)
        runs.go_on_with(current, (), saved["floor"], newest_ns, resting=False)
        return
    log = [
        Logged(seq, time_ns, None if row is None else remap(row), bits, begins)
        for seq, time_ns, row, bits, begins in saved["log"]
    ]
    if "work" in saved:
        runs.work.left, runs.trim_at = saved["work"], saved["trim_at"]
    runs.go_on_with(
        current,
        log,
        saved["floor"],
        saved["newest_ns"],
        resting=saved["resting"],
        wiped=saved.get("wiped", -1),
    )


def _chain(path: Iterable[Node]) -> Ending:
    """A match of its own, of which nothing but its events is known; as version 1 saved it."""
    before: tuple[Node, ...] = ()
    for old in path:
        node = Node(old.seq, old.time_ns, old.row, old.position, before, not before)
        before = (node,)
    return Ending(node, node.oldest - 1)


def _remembered(runs: Runs, nodes: Iterable[Node]) -> dict[int, list[Node]]:
    """Nodes with what is to be remembered of their runs: several where the runs differ in that."""
    program = runs.program
    known: dict[int, list[Node]] = {}
    for node in nodes:
        row = node.row
        found: dict[Any, tuple[list[Node], bool]] = {}
        for before in (one for earlier in node.before for one in known[id(earlier)]):
            memo = program.memo(before, node.position, row)
            found.setdefault(memo, ([], False))[0].append(before)
        if node.begins:
            memo = program.memo(None, node.position, row)
            found[memo] = (found.get(memo, ([], False))[0], True)
        made = [
            runs.node(node.seq, node.time_ns, row, node.position, tuple(before), begins, memo)
            for memo, (before, begins) in found.items()
        ]
        if len(made) == 1:
            _count_as(made[0], node.oldest, node.runs, getattr(node, "told", 0))
        known[id(node)] = made
    return known


def _count_as(node: Node, oldest: int, runs: int, told: int) -> None:
    """What was known of the runs that end at a node, so that it is looked at again when it was."""
    node.oldest, node.runs = oldest, runs
    if isinstance(node, TimedNode):
        node.told = told


def _that_hold(runs: Runs, nodes: Iterable[Node], bit: int) -> Iterator[Node]:
    """Nodes without the runs for which a condition, which is not asked late any more, is false."""
    tests = [one.test for one in runs.program.dynamic if one.bit == bit]
    for node in nodes:
        if not tests:
            yield node
            continue
        before = tuple([one for one in node.before if all(test(node.row, one) for test in tests)])
        if before:
            yield Node(node.seq, node.time_ns, node.row, node.position, before, node.begins)
