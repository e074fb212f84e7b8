"""Which fast tests run which line, so that a fault is shown to those alone."""

import sqlite3
import subprocess
import sys
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

CONFIG = """[run]
dynamic_context = test_function
source = .
omit = tests/*,benchmarks/*
data_file = {data}
"""
Lines = Mapping[tuple[str, int], frozenset[str]]
"""Tests by file and line. A test is `module.function`; the empty name stands for imports."""


def covered_lines(checkout: Path, data: Path) -> Lines:
    """Run the fast tests once and note which of them runs which line.

    Raises:
        RuntimeError: they fail without any fault.
    """
    config = data.with_suffix(".ini")
    config.write_text(CONFIG.format(data=data))
    run = [sys.executable, "-m", "coverage", "run", f"--rcfile={config}", "-m", "pytest"]
    ended = subprocess.run(
        [*run, "-q", "-x", "-m", "not services", "-p", "no:cacheprovider"],
        cwd=checkout,
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        raise RuntimeError(f"the fast tests fail without any fault:\n{ended.stdout[-2_000:]}")
    return read_lines(checkout, data)


def read_lines(checkout: Path, data: Path) -> Lines:
    """The tests of each line in a file of measured coverage."""
    from coverage.numbits import numbits_to_nums

    lines: dict[tuple[str, int], set[str]] = defaultdict(set)
    query = (
        "SELECT file.path, context.context, line_bits.numbits FROM line_bits"
        " JOIN file ON file.id = line_bits.file_id"
        " JOIN context ON context.id = line_bits.context_id"
    )
    with sqlite3.connect(data) as connection:
        for path, context, numbits in connection.execute(query):
            file = Path(path).resolve().relative_to(checkout.resolve()).as_posix()
            for line in numbits_to_nums(numbits):
                lines[file, line].add(context)
    return {place: frozenset(tests) for place, tests in lines.items()}
