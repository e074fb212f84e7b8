"""One fault put into a copy of the checkout, and the tests that run its line."""

import ast
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from itertools import takewhile
from pathlib import PurePosixPath

from tests.mutants.coverage import Map
from tests.mutants.faults import Fault
from tests.mutants.worker import Worker

_FIRST = 40
"""Tests that run before the others are even imported: most faults are noticed there."""
LONGEST_S = 60.0
"""Of the processor: tests that would take a trial beyond it are left out, the farthest first."""
PATIENCE_S = 20.0
"""Beside three times what the tests take without the fault: beyond it is an endless loop."""


class Outcome(StrEnum):
    """What became of a fault."""

    NOTICED = "noticed"
    SURVIVED = "survived"
    UNTESTED = "no fast test runs the line"


@dataclass(frozen=True, slots=True)
class Trial:
    """A fault, and what became of it.

    Attributes:
        fault: the fault.
        outcome: what became of it.
        before: the line as it is.
        after: the line with the fault.
    """

    fault: Fault
    outcome: Outcome
    before: str
    after: str

    @property
    def name(self) -> str:
        """The same for the same fault, wherever its line moves to."""
        return f"{self.fault.path}: {self.before} => {self.after}"


def try_fault(fault: Fault, worker: Worker, reached: Map) -> Trial:
    """Put a fault into the copy, run the tests of its line, and take it out again."""
    file = worker.copied / fault.path
    source = file.read_bytes()
    mutant = fault.apply(source)
    shown = [_shown(text, fault) for text in (source, mutant)]
    tests = covering_tests(fault, source, reached)
    if not tests:
        return Trial(fault, Outcome.UNTESTED, *shown)
    lines = statement(source, fault.line)
    anew = lines is None or reached.at_import(fault.path, lines)
    file.write_bytes(mutant)
    try:
        passed = all(
            worker.passes(part, fault.path, source, _limit(part, reached), anew=anew)
            for part in (tests[:_FIRST], tests[_FIRST:])
            if part
        )
    finally:
        file.write_bytes(source)
    return Trial(fault, Outcome.SURVIVED if passed else Outcome.NOTICED, *shown)


def _limit(tests: list[str], reached: Map) -> float:
    return PATIENCE_S + 3 * sum(reached.tests[name].seconds for name in tests)


def covering_tests(fault: Fault, source: bytes, reached: Map) -> list[str]:
    """Fast tests that run the statement of a fault: the nearest first, of these the quickest.

    What runs when a module is imported is tested by all that use the module.
    """
    lines = statement(source, fault.line)
    found = reached.of(fault.path, lines) if lines else reached.of_file(fault.path)
    room = PurePosixPath("tests", fault.path).parent.parts

    def distance(name: str) -> tuple[int, float]:
        parts = PurePosixPath(name.partition("::")[0]).parts
        shared = list(takewhile(lambda pair: pair[0] == pair[1], zip(room, parts, strict=False)))
        return -len(shared), reached.tests[name].seconds

    chosen: list[str] = []
    seconds = 0.0
    for name in sorted(found, key=distance):
        seconds += reached.tests[name].seconds
        if chosen and seconds > LONGEST_S:
            break
        chosen.append(name)
    return chosen


def statement(source: bytes, line: int) -> range | None:
    """The lines of the innermost statement around a line; none where it runs at an import.

    Of a statement with others inside (`if`, `for`), the lines before these.
    """
    inner: range | None = None
    nodes: list[tuple[ast.AST, bool]] = [(ast.parse(source), False)]
    while nodes:
        node, called = nodes.pop()
        if isinstance(node, ast.stmt) and line in range(node.lineno, (node.end_lineno or 0) + 1):
            body = getattr(node, "body", None)
            end = body[0].lineno if isinstance(body, list) else (node.end_lineno or 0) + 1
            if line < max(end, node.lineno + 1):
                inner = range(node.lineno, max(end, node.lineno + 1)) if called else None
        called = called or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        nodes += [(child, called) for child in ast.iter_child_nodes(node)]
    return inner


def _shown(source: bytes, fault: Fault) -> str:
    return " ".join(source.decode().split("\n")[fault.line - 1].split())


def share(trials: Iterable[Trial], harmless: frozenset[str]) -> tuple[int, int]:
    """How many faults were noticed, and how many make a difference."""
    noticed = different = 0
    for trial in trials:
        if trial.outcome is Outcome.NOTICED:
            noticed += 1
            different += 1
        elif trial.name not in harmless:
            different += 1
    return noticed, different
