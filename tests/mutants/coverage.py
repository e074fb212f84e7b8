"""Which fast tests run which line, so that a fault is shown to those alone."""

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

from tests.mutants.plugin import CONTEXT

_CONFIG = """[run]
source = {checkout}
omit = {checkout}/tests/*,{checkout}/benchmarks/*
data_file = {folder}/data
parallel = true
context = ${{{context}-}}
"""
_IN_EACH_PROCESS = "import coverage\n\ncoverage.process_startup()\n"


@dataclass(slots=True)
class Reach:
    """What a test runs.

    Attributes:
        seconds: of the processor that the test takes.
        lines: by file, the lines that it runs, as bits.
    """

    seconds: float
    lines: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Map:
    """What the fast tests run.

    Attributes:
        commit: of the checkout that was measured.
        tests: by name, as pytest names it. The empty name stands for what runs outside of a test.
    """

    commit: str
    tests: dict[str, Reach]

    def of(self, path: str, lines: Iterable[int]) -> list[str]:
        """The tests that run at least one of some lines."""
        bits = sum(1 << line for line in set(lines))
        return [
            name for name, test in self.tests.items() if name and test.lines.get(path, 0) & bits
        ]

    def at_import(self, path: str, lines: Iterable[int]) -> bool:
        """Whether at least one of some lines runs when the tests are imported."""
        outside = self.tests[""].lines.get(path, 0)
        return any(outside >> line & 1 for line in lines)

    def of_file(self, path: str) -> list[str]:
        """The tests that run anything of a file."""
        return [name for name, test in self.tests.items() if name and path in test.lines]

    def add(self, tests: Mapping[str, Reach]) -> None:
        """Learn what more tests run; what runs outside of a test is added to what is known."""
        outside = self.tests.get("", Reach(0.0))
        self.tests |= tests
        for path, bits in outside.lines.items():
            self.tests[""].lines[path] = self.tests[""].lines.get(path, 0) | bits

    def write(self, file: Path) -> None:
        """Keep it."""
        rows = {
            name: [test.seconds, {path: f"{bits:x}" for path, bits in test.lines.items()}]
            for name, test in self.tests.items()
        }
        file.write_text(json.dumps({"commit": self.commit, "tests": rows}), encoding="utf-8")

    @classmethod
    def read(cls, file: Path) -> Self:
        """One that was kept."""
        kept = json.loads(file.read_text(encoding="utf-8"))
        tests = {
            name: Reach(seconds, {path: int(bits, 16) for path, bits in lines.items()})
            for name, (seconds, lines) in kept["tests"].items()
        }
        return cls(kept["commit"], tests)


def measured(checkout: Path, files: Iterable[str] = ()) -> tuple[dict[str, Reach], list[str]]:
    """Run the fast tests once: what each runs, and the names of those that fail without a fault.

    Args:
        checkout: where the tests are.
        files: those of the tests that run; all without any.

    Raises:
        RuntimeError: they cannot run.
    """
    with TemporaryDirectory(prefix="mutants-coverage-") as name:
        folder = Path(name)
        config = folder / "coverage.ini"
        config.write_text(
            _CONFIG.format(checkout=checkout.resolve(), folder=folder, context=CONTEXT)
        )
        (folder / "sitecustomize.py").write_text(_IN_EACH_PROCESS)
        noted = folder / "noted.json"
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        plugin = [
            "-p",
            "tests.mutants.plugin",
            "--noted",
            str(noted),
            "--tb=no",
            "--ignore=tests/mutants",
        ]
        ended = subprocess.run(
            [*command, *plugin, "--hypothesis-profile=ci", "-m", "not services", *files],
            cwd=checkout,
            env=os.environ
            | {
                "PYTHONPATH": f"{checkout}{os.pathsep}{folder}",
                "COVERAGE_PROCESS_START": str(config),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        if ended.returncode not in {0, 1}:
            raise RuntimeError(f"the fast tests cannot run:\n{ended.stdout[-2_000:]}")
        told = json.loads(noted.read_text(encoding="utf-8"))
        tests = {name: Reach(seconds) for name, seconds in told["seconds"].items()}
        tests[""] = Reach(0.0)
        for data in folder.glob("data.*"):
            for test, path, bits in _rows(data, checkout):
                if test in tests:
                    lines = tests[test].lines
                    lines[path] = lines.get(path, 0) | bits
        return tests, told["failed"]


def _rows(data: Path, checkout: Path) -> Iterator[tuple[str, str, int]]:
    """Test, file and lines of a file that `coverage` wrote."""
    query = (
        "SELECT file.path, context.context, line_bits.numbits FROM line_bits"
        " JOIN file ON file.id = line_bits.file_id"
        " JOIN context ON context.id = line_bits.context_id"
    )
    with sqlite3.connect(data) as connection:
        for path, context, numbits in connection.execute(query):
            file = Path(path).resolve().relative_to(checkout.resolve()).as_posix()
            yield context, file, int.from_bytes(numbits, "little")
