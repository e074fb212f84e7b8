"""One fault put into a copy of the checkout, and the tests that run its line."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from tests.mutants.coverage import Lines
from tests.mutants.faults import Fault

_LEFT_OUT = (".git", ".venv", ".*_cache", "__pycache__", ".hypothesis", "*.db")
_NEAR = 6
"""Lines above a fault at which its statement may begin."""
TIMEOUT_S = 300


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
    shared = checkout.parent / "shared"
    if shared.exists():
        (folder / "shared").symlink_to(shared.resolve())
    return copied


def try_fault(fault: Fault, copied: Path, lines: Lines) -> Trial:
    """Put a fault into the copy, run the tests of its line, and take it out again."""
    file = copied / fault.path
    source = file.read_bytes()
    mutant = fault.apply(source)
    shown = [_shown(text, fault) for text in (source, mutant)]
    tests = covering_tests(fault, lines, copied)
    if not tests:
        return Trial(fault, Outcome.UNTESTED, *shown)
    file.write_bytes(mutant)
    try:
        outcome = Outcome.SURVIVED if _pass(copied, tests) else Outcome.NOTICED
    finally:
        file.write_bytes(source)
    return Trial(fault, outcome, *shown)


def covering_tests(fault: Fault, lines: Lines, copied: Path) -> list[str]:
    """Fast tests that run the line of a fault: those of its own folder first.

    What runs when a module is imported is tested by the tests that mirror its folder.
    """
    found: set[str] = set()
    for line in range(fault.line, fault.line - _NEAR, -1):
        found |= lines.get((fault.path, line), frozenset())
        if found:
            break
    own = f"tests/{fault.path.rpartition('/')[0]}"
    named = sorted(filter(None, (_node(name, copied) for name in found if name)))
    if not named and "" in found and (copied / own).is_dir():
        return [own]
    return sorted(named, key=lambda node: not node.startswith(own))


def _node(context: str, copied: Path) -> str | None:
    """The test that a context names, as pytest names it."""
    module, _, function = context.rpartition(".")
    file = f"{module.replace('.', '/')}.py"
    return f"{file}::{function}" if (copied / file).is_file() else None


def _pass(copied: Path, tests: Sequence[str]) -> bool:
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider"]
    try:
        ended = subprocess.run(
            [*command, "-m", "not services", *tests],
            cwd=copied,
            # Saved bytecode of one fault would be taken for the next of the same second and size.
            env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            timeout=TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False
    return ended.returncode == 0


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
