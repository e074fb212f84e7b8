"""A year of simulated traffic: false alarms of the default detector, and what it finds how soon.

    python -m benchmarks.simulated_year

Series as in `benchmarks.simulated_series`, a point every ten minutes. The tables are those of
docs/detectors.md. Exit code 1: a series without anomalies alarmed more than once a week.
"""

from collections.abc import Sequence
from typing import Annotated

import numpy as np
import numpy.typing as npt
import typer

from benchmarks.simulated_series import DAY, EPOCH_S, KINDS, STEP_S, WEEK, Event, inject, usual
from operators.detectors.contract import Floats
from operators.detectors.ensemble import Ensemble
from operators.detectors.rarity import RarityConfig

Alarms = npt.NDArray[np.bool_]
AFTERMATH = 2 * DAY
"""Alarms for so long after an event belong to it and are no false ones."""
GOAL = 1.0


def simulate(seed: int, clean: int, each: int, weeks: int) -> tuple[Floats, list[Event]]:
    """`clean` series without anomalies, then `each` for every kind of event."""
    chance = np.random.default_rng(seed)
    x, deviation = usual(chance, clean + each * len(KINDS), weeks)
    events = []
    for number, kind in enumerate(KINDS):
        for series in range(clean + number * each, clean + (number + 1) * each):
            events += inject(chance, x, deviation, series, kind)
    return x, events


def run(x: Floats) -> Alarms:
    """Where the default detector alarms."""
    series = x.shape[1]
    detector, slots = Ensemble(RarityConfig()), np.arange(series)
    detector.grow(series)
    alarms = np.zeros(x.shape, np.bool_)
    for at, points in enumerate(x):
        t_ns = np.full(series, (EPOCH_S + at * STEP_S) * 10**9)
        alarms[at] = detector.judge(slots, points, t_ns).anomalous
    return alarms


def false_alarms(alarms: Alarms) -> Floats:
    """Alarms a week of each series."""
    rates: Floats = alarms.sum(axis=0) / (len(alarms) / WEEK)
    return rates


def describe(kind: str, alarms: Alarms, events: Sequence[Event]) -> str:
    """A line of the table: events, recall, delays in minutes, alarms that belong to none."""
    delays, others = [], alarms.copy()
    for event in events:
        found = np.flatnonzero(alarms[event.first : event.first + event.points, event.series])
        delays += [found[0] * STEP_S / 60] if found.size else []
        others[event.first : event.first + event.points + AFTERMATH, event.series] = False
    series = sorted({event.series for event in events})
    rate = others[:, series].sum() / len(series) / (len(alarms) / WEEK)
    middle, late = np.quantile(delays, [0.5, 0.9]) if delays else (np.nan, np.nan)
    return (
        f"| {kind} | {len(events)} | {len(delays) / len(events):.2f}"
        f" | {middle:.0f} min | {late:.0f} min | {rate:.2f} |"
    )


def main(
    clean: Annotated[int, typer.Option(help="Series without anomalies.", min=1)] = 20,
    each: Annotated[int, typer.Option(help="Series for each kind of anomaly.", min=1)] = 8,
    weeks: Annotated[int, typer.Option(help="Length.", min=10)] = 52,
    seed: Annotated[int, typer.Option(help="Chance.")] = 1,
) -> None:
    """Print false alarms, and recall and delay by kind."""
    x, events = simulate(seed, clean, each, weeks)
    alarms = run(x)
    rates = false_alarms(alarms[:, :clean])
    print("| series without anomalies | weeks | alarms a week, mean | of the worst series |")
    print("|---|---|---|---|")
    print(f"| {clean} | {weeks} | {rates.mean():.2f} | {rates.max():.2f} |\n")
    print("| kind | events | recall | median delay | 90 % within | other alarms a week |")
    print("|---|---|---|---|---|---|")
    for kind in KINDS:
        print(describe(kind, alarms, [event for event in events if event.kind == kind]))
    raise typer.Exit(0 if rates.max() <= GOAL else 1)


if __name__ == "__main__":
    typer.run(main)
