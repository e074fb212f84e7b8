"""Contestants run side by side on one topic, and what they counted compared with the truth."""

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from typing import Any

from benchmarks.contestants.task import Task
from benchmarks.flow_process import ROOT, free_ports
from benchmarks.load import Load
from tests.services.kafka import Kafka

_TOLD = 2_000
"""Characters of a failed run's output that are worth telling."""
_TIMEOUT_S = 900


class MiscountError(Exception):
    """A contestant did not count what is in the topic."""


class RunFailedError(Exception):
    """A contestant's process failed."""


@dataclass(frozen=True)
class Run:
    """One contestant on one topic.

    Attributes:
        contestant: `bare`, `flow` or `stock`.
        size_s, every_s: length of a window and distance between two starts.
        processes: of the flow.
        recovery_s: how often state is saved; None for never.
    """

    contestant: str
    size_s: int = 10
    every_s: int = 10
    processes: int = 1
    recovery_s: float | None = None


@dataclass(frozen=True)
class Measured:
    """What a run gave, over all its processes; the attributes are those of a `Tally`."""

    read: int
    events: int
    rows: int | None
    corrected: int
    seconds: float
    cpu_seconds: float
    peak_mb: float
    stall_ms: float

    @property
    def rate(self) -> float:
        """Messages a second."""
        return self.read / self.seconds

    @property
    def cpu_us(self) -> float:
        """Processor time a message, microseconds."""
        return self.cpu_seconds / self.read * 1e6


def measure(run: Run, kafka: Kafka, topic: str, load: Load) -> Measured:
    """One run, checked.

    Raises:
        MiscountError: it did not count every message, event and row.
        RunFailedError: a process failed.
    """
    ports = free_ports(run.processes) if run.processes > 1 else []
    task = Task(
        run.contestant,
        topic,
        load.events,
        load.partitions,
        run.size_s,
        run.every_s,
        load.disordered,
        run.recovery_s,
        addresses=tuple(f"127.0.0.1:{port}" for port in ports),
    )
    tasks = [replace(task, process=number) for number in range(run.processes)]
    with ThreadPoolExecutor(len(tasks)) as pool:
        tallies = list(pool.map(lambda one: _process(one, kafka), tasks))
    measured = _together(tallies)
    check_counts(run, measured, load)
    return measured


def check_counts(run: Run, measured: Measured, load: Load) -> None:
    """Compare what a run counted with the truth.

    Stock windows drop what their clock calls late, so their rows are no truth.

    Raises:
        MiscountError: it is something else.
    """
    _same(run, "messages", measured.read, load.events)
    if run.contestant == "bare":
        return
    if run.contestant == "stock":
        _same(run, "events", measured.events, load.events)
        return
    sizes = run.size_s * 1_000, run.every_s * 1_000
    _same(run, "events in first results", measured.events, int(load.on_time.sum()))
    _same(run, "first results", measured.rows, load.first_rows(*sizes))
    _same(run, "corrected results", measured.corrected, load.corrected_rows(*sizes))


def ratio(ours: list[float], theirs: list[float]) -> float:
    """Median of the rounds' ratios."""
    return statistics.median(a / b for a, b in zip(ours, theirs, strict=True))


def _same(run: Run, what: str, found: int | None, true: int) -> None:
    if found != true:
        raise MiscountError(f"{run.contestant} counted {found} {what}, true are {true}")


def _process(task: Task, kafka: Kafka) -> Mapping[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.contestants", json.dumps(asdict(task))],
        cwd=ROOT,
        env={**os.environ, "KAFKA_BOOTSTRAP": kafka.bootstrap, "TIDEGAUGE_BOUNDED": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=_TIMEOUT_S,
    )
    if done.returncode:
        raise RunFailedError(f"{task.contestant} failed: {done.stderr[-_TOLD:]}")
    tally: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return tally


def _together(tallies: list[Mapping[str, Any]]) -> Measured:
    rows = [tally["rows"] for tally in tallies if tally["rows"] is not None]
    return Measured(
        read=sum(tally["read"] for tally in tallies),
        events=sum(tally["events"] for tally in tallies),
        rows=sum(rows) if rows else None,
        corrected=sum(tally["corrected"] for tally in tallies),
        seconds=max(t["ended"] for t in tallies) - min(t["started"] for t in tallies),
        cpu_seconds=sum(tally["cpu_seconds"] for tally in tallies),
        peak_mb=sum(tally["peak_mb"] for tally in tallies),
        stall_ms=max(tally["stall_ms"] for tally in tallies),
    )
