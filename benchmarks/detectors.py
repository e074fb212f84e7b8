"""What a point costs the default detector, on one series and over many at once.

    python -m benchmarks.detectors --json

CPU time of this process, the best of several rounds: other programs on the machine only add to it.
"""

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from operators.detectors.contract import Floats
from operators.detectors.ensemble import Ensemble
from operators.detectors.rarity import RarityConfig

STEP_NS = 300 * 10**9
START_NS = 1_700_000_000 * 10**9
ROUNDS = 7
LONG = 4_000
"""Points of the one series in a round."""
STEPS = 5
"""Calls with all series in a round."""
DAY = 288


@dataclass(frozen=True, slots=True)
class Entry:
    """A measurement beside its goal, both in microseconds a point."""

    name: str
    measured: float
    goal: float
    met: bool


def points(steps: int, series: int) -> Floats:
    """Daily seasons with noise, a row a step."""
    chance = np.random.default_rng(1)
    at = np.arange(steps)[:, None]
    season = 100.0 + 30.0 * np.sin(2 * np.pi * at / DAY)
    return season + chance.normal(0.0, 2.0, (steps, series))


def one_series() -> float:
    """Microseconds a point, all points of a series in one call."""
    detector, x = _detector(1), points(LONG, 1)[:, 0]
    slots = np.zeros(LONG, np.intp)

    def work(number: int) -> None:
        detector.judge(slots, x, START_NS + (np.arange(LONG) + number * LONG) * STEP_NS)

    return _best(work, LONG)


def many_series(series: int) -> float:
    """Microseconds a point, each call with a point of every series."""
    detector, x = _detector(series), points((ROUNDS + 1) * STEPS, series)
    slots = np.arange(series)

    def work(number: int) -> None:
        for step in range(number * STEPS, (number + 1) * STEPS):
            t_ns = np.full(series, START_NS + step * STEP_NS)
            detector.judge(slots, x[step], t_ns)

    return _best(work, STEPS * series)


def _detector(series: int) -> Ensemble:
    detector = Ensemble(RarityConfig())
    detector.grow(series)
    return detector


def _best(work: Callable[[int], None], number: int) -> float:
    """Microseconds for each of `number` things; the first round is not counted."""
    spent = []
    for turn in range(ROUNDS + 1):
        started = time.process_time()
        work(turn)
        spent.append(time.process_time() - started)
    return round(min(spent[1:]) / number * 1e6, 2)


def main(
    *,
    series: Annotated[int, typer.Option(help="Series in one call.", min=100)] = 10_000,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Measure the ensemble. Exit code 0: goals met; 1: one was missed."""
    told = [("ensemble, one series, µs a point", one_series(), 20.0)]
    told.append((f"ensemble, {series:,} series at once, µs a point", many_series(series), 3.0))
    entries = [Entry(name, measured, goal, measured <= goal) for name, measured, goal in told]
    if as_json:
        typer.echo(json.dumps([asdict(entry) for entry in entries], ensure_ascii=False))
    else:
        table = Table("", "measured", "goal", "met")
        for entry in entries:
            table.add_row(
                entry.name, f"{entry.measured}", f"{entry.goal:g}", "yes" if entry.met else "no"
            )
        Console().print(table)
    raise typer.Exit(0 if all(entry.met for entry in entries) else 1)


if __name__ == "__main__":
    typer.run(main)
