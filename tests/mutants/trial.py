"""One fault put into a copy of the checkout, and the tests that run its line."""

import ast
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import takewhile
from pathlib import Path, PurePosixPath

import pytest

from tests.mutants.coverage import Map
from tests.mutants.faults import Fault

_LEFT_OUT = (".git", ".venv", ".*_cache", "__pycache__", ".hypothesis", "*.db")
_FIRST = 40
"""Tests that run before the others are even collected: most faults are noticed there."""
LONGEST_S = 120.0
"""Tests that would make a trial take longer without a fault are left out, the farthest first."""
PATIENCE_S = 60.0
"""Beside three times what the tests take without the fault: the time of an endless loop."""


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


def copy_of(checkout: Path, folder: Path) -> Path:
    """A copy of a checkout without its environment and caches."""
    copied = folder / "checkout"
    shutil.copytree(checkout, copied, ignore=shutil.ignore_patterns(*_LEFT_OUT), symlinks=True)
    return copied


def try_fault(fault: Fault, copied: Path, reached: Map) -> Trial:
    """Put a fault into the copy, run the tests of its line, and take it out again."""
    file = copied / fault.path
    source = file.read_bytes()
    mutant = fault.apply(source)
    shown = [_shown(text, fault) for text in (source, mutant)]
    tests = covering_tests(fault, source, reached)
    if not tests:
        return Trial(fault, Outcome.UNTESTED, *shown)
    file.write_bytes(mutant)
    try:
        passed = all(_pass(copied, part, reached) for part in (tests[:_FIRST], tests[_FIRST:]))
    finally:
        file.write_bytes(source)
    return Trial(fault, Outcome.SURVIVED if passed else Outcome.NOTICED, *shown)


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


def _pass(copied: Path, tests: Sequence[str], reached: Map) -> bool:
    if not tests:
        return True
    chosen = copied.parent / "chosen.txt"
    chosen.write_text("\n".join(tests), encoding="utf-8")
    files = dict.fromkeys(name.partition("::")[0] for name in tests)
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider"]
    plugin = ["-p", "tests.mutants.plugin", "--chosen", str(chosen)]
    running = subprocess.Popen(
        [*command, *plugin, "--hypothesis-profile=ci", "-m", "not services", *files],
        cwd=copied,
        env=os.environ | {"PYTHONPATH": str(copied)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        code = running.wait(PATIENCE_S + 3 * sum(reached.tests[name].seconds for name in tests))
    except subprocess.TimeoutExpired:
        os.killpg(running.pid, signal.SIGKILL)
        running.wait()
        return False
    return code in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}


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
