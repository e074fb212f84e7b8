"""Silence: what is told how soon, and how often it is told though nothing is wrong.

    python -m benchmarks.silence --json

Two ways in which a source falls silent: its windows come and count 0 (judged by `ensemble`), and
no window comes (judged by `flat_line`, as event time passes). Series of each kind run for some
weeks without a fault and are then silent for a while. Beside each figure stands that of a trivial
rule: five quiet cells in a row, or five median gaps without a point. Default settings (0.5 false
alarms a week asked for); of the alarms of `ensemble` only those count as false that come at a 0.
Exit code 1: a kind has more false alarms than asked for, over all its series.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from operators.detectors.contract import Floats, Times
from operators.detectors.ensemble import Ensemble
from operators.detectors.flat_line import FlatLine
from operators.detectors.rarity import RarityConfig

S = 1_000_000_000
DAY_S, WEEK_S = 86_400, 604_800
START_S = 1_787_529_600
"""A Monday."""
TRIVIAL = 5
AT_S = 10 * 3_600
"""The time of the day when a silence begins."""
CONFIG = RarityConfig()


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of source.

    Attributes:
        name: what it is.
        step_s: seconds between its windows, or between its beats.
        weeks: how long it runs before it falls silent.
        mean: events in a window; None for a heartbeat, of which windows are there or not.
        course: its season: none, by day, or office hours from 8:00 to 17:45 on weekdays.
        missed: share of the beats that are missing.
        jitter: standard deviation of a beat's time, in gaps.
    """

    name: str
    step_s: int
    weeks: float
    mean: float | None = None
    course: str = "none"
    missed: float = 0.0
    jitter: float = 0.0


@dataclass(frozen=True, slots=True)
class Entry:
    """What became of a kind.

    Attributes:
        kind: its name.
        silence: how long it is silent.
        told: share of the series that are told to be silent while they are.
        delay: median time until then, in minutes.
        false: alarms a week before.
        trivial_told, trivial_delay, trivial_false: the same of the trivial rule.
    """

    kind: str
    silence: str
    told: float
    delay: float
    false: float
    trivial_told: float
    trivial_delay: float
    trivial_false: float


KINDS = (
    *(Kind(f"count of {mean:g} in 10 min", 600, 6, mean) for mean in (0.3, 1.0, 3.0, 10.0, 30.0)),
    Kind("count of 3 in 1 min", 60, 2, 3.0),
    Kind("count of 3 in 1 h", 3_600, 12, 3.0),
    Kind("count of 3 in 10 min, by day", 600, 6, 3.0, "day"),
    Kind("count of 30 in 10 min, office", 600, 6, 30.0, "office"),
    *(
        Kind(f"beat each min, {share:.1%} missed", 60, 10 / 7, missed=share, jitter=0.02)
        for share in (0.0, 0.001, 0.01, 0.05, 0.2)
    ),
    Kind("beat each min, jitter of 10 s", 60, 10 / 7, jitter=1 / 6),
    Kind("beat each 10 s, 1 % missed", 10, 3 / 7, missed=0.01, jitter=0.02),
    Kind("job each hour, 1 % missed", 3_600, 6, missed=0.01, jitter=0.02),
    Kind("job each night", DAY_S, 8, jitter=0.003),
    Kind("event each 2 min, office", 120, 6, 1.0, "office events"),
    Kind("event each 10 min by chance", 600, 6, 1.0, "events"),
)
LENGTHS = (3 * 3_600, DAY_S)
"""How long it is silent; three days where it speaks less than every three hours."""


def busy(kind: Kind, at_s: Times) -> Floats:
    """How busy a source is at times, 1 on average while it works."""
    hour = at_s % DAY_S / 3_600
    if kind.course == "day":
        by_day: Floats = 1.0 + np.sin(2 * np.pi * hour / 24 - 1.5)
        return by_day
    if kind.course.startswith("office"):
        weekday = (at_s - START_S) // DAY_S % 7 < 5
        return np.where(weekday & (hour >= 8) & (hour < 17.75), 1.0, 0.0)
    return np.ones(at_s.size)


def silent_from(kind: Kind) -> int:
    """When it falls silent: at 10:00 on the first weekday after its weeks."""
    day = -(-round(kind.weeks * 7) // 1)
    day += {5: 2, 6: 1}.get(day % 7, 0)
    return START_S + day * DAY_S + AT_S


def counts(kind: Kind, length_s: int, chance: np.random.Generator) -> tuple[Times, Floats]:
    """Ends of windows and what they count."""
    gone = silent_from(kind)
    at_s = np.arange(START_S, gone + length_s, kind.step_s)
    x = chance.poisson((kind.mean or 0.0) * busy(kind, at_s)).astype(np.float64)
    x[at_s >= gone] = 0.0
    return (at_s + kind.step_s) * S, x


def beats(kind: Kind, chance: np.random.Generator) -> Times:
    """Times of points until it falls silent."""
    gone = silent_from(kind)
    if kind.mean is not None:
        rate = 1.0 / kind.step_s
        at_s = START_S + np.cumsum(
            chance.exponential(1.0 / rate, int((gone - START_S) * rate * 1.2))
        )
        at_s = at_s[busy(kind, at_s.astype(np.int64)) > 0.0]
    else:
        due = np.arange(START_S + kind.step_s // 2, gone, kind.step_s)
        due = due[chance.random(due.size) >= kind.missed]
        at_s = np.sort(due + chance.normal(0.0, max(kind.jitter, 1e-9) * kind.step_s, due.size))
    times: Times = (at_s[at_s < gone] * 1e9).astype(np.int64)
    return times


def of_counts(kind: Kind, length_s: int, chance: np.random.Generator) -> tuple[Times, Times]:
    """When `ensemble` alarms at a 0, and when the trivial rule does."""
    t_ns, x = counts(kind, length_s, chance)
    detector = Ensemble(CONFIG)
    detector.grow(1)
    verdicts = detector.judge(np.zeros(x.size, np.intp), x, t_ns)
    last = np.maximum.accumulate(np.where(x > 0.0, np.arange(x.size), -1))
    run = np.arange(x.size) - last
    return t_ns[verdicts.anomalous & (x == 0.0)], t_ns[run == TRIVIAL]


def of_beats(kind: Kind, length_s: int, chance: np.random.Generator) -> tuple[Times, Times]:
    """When `flat_line` tells a silence, and when the trivial rule does."""
    t_ns = beats(kind, chance)
    end_ns = (silent_from(kind) + length_s) * S
    detector, slot = FlatLine(CONFIG), np.zeros(1, np.intp)
    detector.grow(1)
    told = []
    for at in [*t_ns.tolist(), end_ns]:
        now = np.array([at], np.int64)
        found = detector.fall_silent(slot, now)
        told += found.at_ns[~found.again].tolist()
        if at < end_ns:
            detector.speak_again(slot, now)
            detector.turn(slot, np.ones(1), now)
    patience = TRIVIAL * int(np.median(np.diff(t_ns)))
    gaps = np.diff([*t_ns.tolist(), end_ns])
    return np.array(told, np.int64), t_ns[gaps > patience] + patience


def measure(kind: Kind, series: int, seed: int) -> Iterator[Entry]:
    """What becomes of some series of a kind, for each length of a silence that it can have."""
    counted = kind.mean is not None and "events" not in kind.course
    lengths = LENGTHS if kind.step_s < LENGTHS[0] else (3 * LENGTHS[-1],)
    since_ns = silent_from(kind) * S
    found: list[list[Times]] = [[], []]
    for number in range(series):
        chance = np.random.default_rng([seed, number])
        alarms = (of_counts if counted else of_beats)(kind, lengths[-1], chance)
        for each, times in zip(found, alarms, strict=True):
            each.append(times)
    for length_s in lengths:
        figures = [_figures(each, since_ns, length_s) for each in found]
        yield Entry(kind.name, f"{length_s / 3_600:g} h", *figures[0], *figures[1])


def _figures(alarms: list[Times], since_ns: int, length_s: int) -> tuple[float, float, float]:
    """Share told, median delay in minutes, alarms a week before."""
    delays = []
    for each in alarms:
        during = each[(each > since_ns) & (each <= since_ns + length_s * S)]
        delays += [(int(during[0]) - since_ns) / 60 / S] if during.size else []
    before = sum(int((each <= since_ns).sum()) for each in alarms)
    weeks = (since_ns / S - START_S) / WEEK_S * len(alarms)
    delay = float(np.median(delays)) if delays else float("nan")
    return round(len(delays) / len(alarms), 2), round(delay, 1), round(before / weeks, 2)


def main(
    series: Annotated[int, typer.Option(help="Series of each kind.", min=1)] = 6,
    seed: Annotated[int, typer.Option(help="Chance.")] = 1,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print what is told, how soon, and how often for nothing."""
    entries = [entry for kind in KINDS for entry in measure(kind, series, seed)]
    if as_json:
        print(json.dumps([asdict(entry) for entry in entries], indent=2))
    else:
        table = Table(*asdict(entries[0]))
        for entry in entries:
            table.add_row(*map(str, asdict(entry).values()))
        Console(width=150).print(table)
    asked = CONFIG.false_alarms_per_week
    raise typer.Exit(0 if all(entry.false <= asked for entry in entries) else 1)


if __name__ == "__main__":
    typer.run(main)
