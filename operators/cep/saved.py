"""Runs as plain values, small and free of the pattern's own objects: for snapshots."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

from operators.cep.buffer import Node, Path, reachable
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
    many nodes share them. What nodes of held matches were taken after is told by the match.
    """
    waiting = [path for _, path in runs.after.waiting]
    nodes = reachable(runs.alive(), runs.floor)
    alive = {id(node) for node in nodes}
    held = {id(node): node for path in waiting for node in path if id(node) not in alive}
    nodes += held.values()
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
                [number[id(n)] for n in node.before if id(n) in alive and id(node) in alive],
                node.begins,
                node.oldest,
                node.newest,
                node.runs,
                node.memo,
            )
            for node in nodes
        ],
        "states": [state.key for state in runs.configuration.states],
        "ends": [[number[id(node)] for node in nodes] for nodes in runs.ends],
        "waiting": [[number[id(node)] for node in path] for path in waiting],
        "floor": runs.floor,
        "starts": list(runs.starts),
        "counts": (runs.bound, runs.made, runs.trim_at),
    }


def load(saved: Mapping[str, Any], runs: Runs, remap: Remap) -> None:
    """Let new runs go on where `save` left off.

    Args:
        saved: what `save` gave, for the same pattern.
        runs: new runs of that pattern.
        remap: brings rows into today's layout.
    """
    program, nfa = runs.program, runs.program.nfa
    rows = [None if row is None else remap(row) for row in saved["rows"]]
    positions = [nfa.position(frames) for frames in saved["positions"]]
    nodes: list[Node] = []
    for seq, time_ns, number, at, before, begins, oldest, newest, count, memo in saved["nodes"]:
        earlier, row, position = tuple(nodes[one] for one in before), rows[number], positions[at]
        if row is not None:
            # Made anew: an earlier version kept something else, such as 0 for a sum of nothing.
            memo = program.memo(earlier[0] if earlier else None, position.step, row)  # noqa: PLW2901
        node = Node(seq, time_ns, row, position, earlier, begins, memo)
        node.oldest, node.newest, node.runs = oldest, newest, count
        nodes.append(node)
    runs.configuration = runs.program.configurations.of(map(nfa.state, saved["states"]))
    runs.ends = [tuple(nodes[at] for at in ends) for ends in saved["ends"]]
    runs.floor = saved["floor"]
    runs.starts = list(saved["starts"])
    runs.bound, runs.made, runs.trim_at = saved["counts"]
    held: list[Path] = [tuple(nodes[at] for at in path) for path in saved["waiting"]]
    runs.after.hold(held)
    counts = runs.bound, runs.made, runs.trim_at
    runs.look_ahead()
    runs.bound, runs.made, runs.trim_at = counts
