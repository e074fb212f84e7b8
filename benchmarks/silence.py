"""Silence: what is told how soon, and how often it is told though nothing is wrong.

    python -m benchmarks.silence

Two ways in which a source falls silent: its windows come and count 0 (judged by `ensemble`), and
no window comes (judged by `flat_line`, as event time passes). Series of each kind run for some
weeks without a fault and are then silent for a day, or for three days where they speak less than
every three hours. Beside each figure stands that of a trivial rule: five quiet windows in a row,
five times the usual (median) gap without a point. Default settings (0.5 false alarms a week asked
for); of the alarms of `ensemble` only those count as false that come at a 0.

The table is that of docs/detectors.md. Exit code 1: a kind has more false alarms than asked for,
over all its series.
"""

import json
import math
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.progress import Progress

from benchmarks.silent_sources import (
    DAY_S,
    START_S,
    WEEK_S,
    Kind,
    S,
    counts,
    kinds,
    points,
    silent_from,
)
from operators.detectors.contract import Times
from operators.detectors.ensemble import Ensemble
from operators.detectors.flat_line import FlatLine
from operators.detectors.rarity import RarityConfig
from operators.detectors.turns import judge_points

TRIVIAL = 5
SHORT_S = 3 * 3_600
CONFIG = RarityConfig()


@dataclass(frozen=True, slots=True)
class Found:
    """What a rule says of the series of a kind.

    Attributes:
        in_3_h: share of the series that are told to be silent within three hours.
        told: share that are told while the silence lasts.
        delay: median time until then, in minutes.
        false: alarms a week before.
    """

    in_3_h: float
    told: float
    delay: float
    false: float


@dataclass(frozen=True, slots=True)
class Entry:
    """What became of a kind, by its detector and by the trivial rule."""

    kind: str
    found: Found
    trivial: Found


def length_s(kind: Kind) -> int:
    """How long it is silent."""
    return DAY_S if kind.step_s < SHORT_S else 3 * DAY_S


def of_counts(kind: Kind, chance: np.random.Generator) -> tuple[Times, Times]:
    """When `ensemble` alarms at a 0, and when the trivial rule does."""
    t_ns, x = counts(kind, length_s(kind), chance)
    detector = Ensemble(CONFIG)
    detector.grow(1)
    verdicts = detector.judge(np.zeros(x.size, np.intp), x, t_ns)
    last = np.maximum.accumulate(np.where(x > 0.0, np.arange(x.size), -1))
    run = np.arange(x.size) - last
    return t_ns[verdicts.anomalous & (x == 0.0)], t_ns[run == TRIVIAL]


def of_points(kind: Kind, chances: Sequence[np.random.Generator]) -> list[tuple[Times, Times]]:
    """When `flat_line` tells the silence of each series, and when the trivial rule does.

    All series are judged together, as in a flow.
    """
    end_ns = (silent_from(kind) + length_s(kind)) * S
    series = [points(kind, chance) for chance in chances]
    slots = np.repeat(np.arange(len(series)), [one.size for one in series])
    t_ns = np.concatenate(series)
    detector = FlatLine(CONFIG)
    detector.grow(len(series))
    told = judge_points(detector, slots, np.ones(t_ns.size), t_ns).silences
    told.append(detector.fall_silent(np.arange(len(series)), np.full(len(series), end_ns)))
    alarms = [(one.slots[~one.again], one.at_ns[~one.again]) for one in told]
    whose = np.concatenate([slot for slot, _ in alarms])
    at_ns = np.concatenate([at for _, at in alarms])
    return [
        (np.sort(at_ns[whose == slot]), _overdue(one, end_ns)) for slot, one in enumerate(series)
    ]


def _overdue(t_ns: Times, end_ns: int) -> Times:
    """When five median gaps are over without a point."""
    patience = TRIVIAL * int(np.median(np.diff(t_ns)))
    gaps = np.diff([*t_ns.tolist(), end_ns])
    overdue: Times = t_ns[gaps > patience] + patience
    return overdue


def measure(kind: Kind, series: int, seed: int) -> Entry:
    """What becomes of some series of a kind."""
    chances = [np.random.default_rng([seed, number]) for number in range(series)]
    if kind.counted:
        alarms = [of_counts(kind, chance) for chance in chances]
    else:
        alarms = of_points(kind, chances)
    return Entry(
        kind.name,
        _found(kind, [one for one, _ in alarms]),
        _found(kind, [other for _, other in alarms]),
    )


def _found(kind: Kind, alarms: Sequence[Times]) -> Found:
    since_ns = silent_from(kind) * S
    delays = [
        (int(during[0]) - since_ns) / 60 / S
        for each in alarms
        if (during := each[each > since_ns]).size
    ]
    before = sum(int((each <= since_ns).sum()) for each in alarms)
    weeks = (since_ns / S - START_S) / WEEK_S * len(alarms)
    return Found(
        round(sum(delay <= SHORT_S / 60 for delay in delays) / len(alarms), 2),
        round(len(delays) / len(alarms), 2),
        round(float(np.median(delays)), 1) if delays else math.nan,
        round(before / weeks, 2),
    )


def _line(entry: Entry) -> str:
    cells = [
        entry.kind,
        *(f"{value:g}" for each in (entry.found, entry.trivial) for value in asdict(each).values()),
    ]
    return f"| {' | '.join(cells)} |"


def main(
    series: Annotated[int, typer.Option(help="Series of each kind.", min=1)] = 6,
    seed: Annotated[int, typer.Option(help="Chance.")] = 1,
    only: Annotated[str, typer.Option(help="Kinds with this in their name.")] = "",
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print what is told, how soon, and how often for nothing."""
    chosen = [kind for kind in kinds() if only in kind.name]
    with Progress(console=Console(stderr=True)) as progress, ProcessPoolExecutor() as pool:
        made = pool.map(partial(measure, series=series, seed=seed), chosen)
        entries = list(progress.track(made, len(chosen), description="kinds"))
    if as_json:
        print(json.dumps([asdict(entry) for entry in entries], indent=2))
    else:
        columns = ("in 3 h", "told", "delay, min", "false a week")
        print(f"| kind | {' | '.join(columns)} | {' | '.join(f'trivial: {c}' for c in columns)} |")
        print(f"|{'---|' * (1 + 2 * len(columns))}")
        for entry in entries:
            print(_line(entry))
    asked = CONFIG.false_alarms_per_week
    raise typer.Exit(0 if all(entry.found.false <= asked for entry in entries) else 1)


if __name__ == "__main__":
    typer.run(main)
