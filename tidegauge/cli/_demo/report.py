"""The summary for a person, and how to look further."""

import os
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tidegauge.cli._demo.page import PIPELINE
from tidegauge.cli._demo.score import GRACE_NS, LEAST_FOUND, MOST_FALSE
from tidegauge.cli._demo.summary import Summary

SQL = "SELECT alert, machine, COUNT(DISTINCT id) FROM alerts WHERE active = 1 GROUP BY 1, 2"
_PLAIN = re.compile(r"[\w./-]+")


def print_report(console: Console, summary: Summary) -> None:
    """The summary as a table, what it was measured by, and a query to begin with."""
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for name, value in _rows(summary):
        table.add_row(name, Text(value))
    console.print()
    console.print(table)
    grace_s = GRACE_NS // 1_000_000_000
    text = (
        f"\nFound: the alert for its kind began for its machine, at most {grace_s} s of event time"
        f" after its end.\n{'Passed' if summary.passed else 'Failed'}: asked for are"
        f" {LEAST_FOUND:.0%} found and at most {MOST_FALSE} false alarms."
        f"\n\nLook further, for instance:\n{query_command(Path(summary.store))}"
    )
    console.print(text, soft_wrap=True, markup=False, highlight=False)


def query_command(store: Path) -> str:
    """A command for a shell that asks the store something."""
    program = f"import sqlite3; print(*sqlite3.connect({str(store)!r}).execute({SQL!r}), sep='\\n')"
    quoted = f'"{program}"' if _PLAIN.fullmatch(str(store)) else shlex.quote(program)
    return f"{_python()} -c {quoted}"


def live_command(store: Path) -> str:
    """A command for a shell that shows the store on the live page."""
    return f"{_python()} -m tidegauge.cli live {PIPELINE} --store {shlex.quote(str(store))}"


def _python() -> str:
    python = os.path.relpath(sys.executable)
    return sys.executable if python.startswith("..") else python


def _rows(summary: Summary) -> Iterator[tuple[str, str]]:
    letters = ", ".join(f"{kind} {number}" for kind, number in summary.dead_letters.items())
    missed = [f"{each['kind']} of {each['machine']} at {each['start']}" for each in summary.missed]
    false = [
        f"{each['alert']} of {each['machine']} at {each['start']}" for each in summary.unexplained
    ]
    yield "events", f"{summary.events:,}"
    yield "events/s", f"{summary.events_per_second:,.0f}"
    yield "windows", f"{summary.windows:,} ({summary.corrected:,} corrected by late events)"
    yield "dead letters", f"{sum(summary.dead_letters.values()):,} ({letters})"
    yield "latency p50", _ms(summary.latency_p50_ms)
    yield "latency p99", _ms(summary.latency_p99_ms)
    yield "alerts", f"{summary.alerts:,}"
    yield "injected", f"{summary.injected:,}"
    yield "found", f"{summary.found:,}" + "".join(f"\nmissed: {each}" for each in missed)
    yield "false alarms", f"{summary.false_alarms:,}" + "".join(f"\n{each}" for each in false)
    yield "records", summary.store
    yield "truth", summary.truth


def _ms(latency_ms: float | None) -> str:
    return "–" if latency_ms is None else f"{latency_ms:.1f} ms"
