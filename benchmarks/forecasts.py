"""How good forecasts are: how much lies in their band, and how far off they are.

    python -m benchmarks.forecasts --json

Simulated series (`benchmarks.simulated_series`: daily course, quieter weekends, ten holidays a
year, a trend, noise of which half is carried on), a point every ten minutes, judged after four
weeks. Every point is held against what was forecast for it, at every distance up to the horizon.
The error is the mean absolute one over that of the seasonal-naive forecast: the point at the same
time of the last day, or week, that was known when the forecast was made. Exit code 1: more than
`TOLERANCE` beside the band asked for, or no better than the naive forecast with the season told (a
day, where it is to be found).
"""

import json
import time
from dataclasses import asdict, dataclass
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from benchmarks.simulated_series import DAY, EPOCH_S, STEP_S, WEEK, Floats, usual
from operators.forecasts.config import ForecastConfig, configure
from operators.forecasts.series import Series
from tidegauge.forecasts import grid_of
from tidegauge.spec.models import Forecast, Window

STEP_NS = STEP_S * 10**9
LEARNING = 4 * WEEK
TOLERANCE = 0.04
"""Share of points that more or less of them may lie in a band than was asked for."""


@dataclass(frozen=True, slots=True)
class Case:
    """A forecast as a pipeline file has it."""

    horizon: str
    season: str | None
    band: float


@dataclass(frozen=True, slots=True)
class Entry:
    """What became of a case.

    Attributes:
        horizon, season, band: the case.
        cells: points of a forecast.
        covered: share of the points in the band, over all distances.
        covered_near, covered_far: the same, one cell ahead and at the horizon.
        worst, best: the same over all distances, of the series with fewest and most.
        against_day, against_week: mean absolute error over that of the point a day, a week before.
        width: mean width of the band over the standard deviation of the series.
        us_a_point: CPU time of a point, refits and all, in microseconds.
        met: whether this is good enough.
    """

    horizon: str
    season: str
    band: float
    cells: int
    covered: float
    covered_near: float
    covered_far: float
    worst: float
    best: float
    against_day: float
    against_week: float
    width: float
    us_a_point: float
    met: bool


CASES = (
    Case("4h", None, 0.95),
    Case("4h", "1d", 0.95),
    Case("4h", "1w", 0.95),
    Case("1d", None, 0.95),
    Case("1d", "1w", 0.95),
    Case("1d", "1w", 0.8),
)


def measure(case: Case, points: Floats) -> Entry:
    """Forecast every series and compare.

    Args:
        case: the forecast.
        points: a row for each point, a column for each series.
    """
    config = config_of(case)
    began = time.process_time()
    found = [follow(config, column) for column in points.T]
    spent = time.process_time() - began
    inside, error, daily, weekly, width = (
        np.array([np.nanmean(each[at], axis=0) for each in found]) for at in range(5)
    )
    covered = float(inside.mean())
    against_day = float((error.mean(axis=1) / daily.mean(axis=1)).mean())
    against_week = float((error.mean(axis=1) / weekly.mean(axis=1)).mean())
    return Entry(
        horizon=case.horizon,
        season=case.season or "found",
        band=case.band,
        cells=config.ahead,
        covered=round(covered, 3),
        covered_near=round(float(inside[:, 0].mean()), 3),
        covered_far=round(float(inside[:, -1].mean()), 3),
        worst=round(float(inside.mean(axis=1).min()), 3),
        best=round(float(inside.mean(axis=1).max()), 3),
        against_day=round(against_day, 3),
        against_week=round(against_week, 3),
        width=round(float((width.mean(axis=1) / points.std(axis=0)).mean()), 2),
        us_a_point=round(spent / points.size * 1e6, 1),
        met=abs(covered - case.band) <= TOLERANCE
        and (against_week if case.season == "1w" else against_day) < 1.0,
    )


def config_of(case: Case) -> ForecastConfig:
    """The settings that a pipeline file would give."""
    window = Window.model_validate(
        {"from": "s", "tumbling": {"size": f"{STEP_S}s"}, "select": {"x": "count(*)"}}
    )
    told = {"season": case.season} if case.season else {}
    declared = {"on": "w.x", "horizon": case.horizon, "band": case.band, **told}
    grid = grid_of(Forecast.model_validate(declared), window)
    return configure(grid, case.band)


def follow(config: ForecastConfig, points: Floats) -> tuple[Floats, ...]:
    """For each forecast made after the learning time (rows) and each cell ahead (columns).

    Returns:
        share of the cell's points in the band; mean absolute error; that of the point a day and a
        week before, or the next such that was known; width of the band.
    """
    series = Series(config, chance=0.5)
    start_ns = EPOCH_S * 10**9
    steps = config.cell_ns // STEP_NS
    reach = config.ahead * steps
    shape = (-1, config.ahead, steps)
    rows: list[tuple[Floats, ...]] = []
    for at, x in enumerate(points):
        made = series.take(start_ns + (at + 1) * STEP_NS, float(x))
        if made is None or at < LEARNING or at + reach >= points.size:
            continue
        there = points[at + 1 : at + 1 + reach].reshape(shape)[0]
        expected, lower, upper = (each[:, None] for each in (made.expected, made.lower, made.upper))
        naive = [
            np.abs(there - _before(points, at, reach, lag).reshape(shape)[0]) for lag in (DAY, WEEK)
        ]
        rows.append(
            (
                ((there >= lower) & (there <= upper)).mean(axis=1),
                np.abs(there - expected).mean(axis=1),
                *(each.mean(axis=1) for each in naive),
                made.upper - made.lower,
            )
        )
    return tuple(np.array(each) for each in zip(*rows, strict=True))


def _before(points: Floats, at: int, reach: int, lag: int) -> Floats:
    """The last points known at `at` that were as many whole lags before those that follow."""
    ahead = at + 1 + np.arange(reach)
    known: Floats = points[ahead - lag * -(-(ahead - at) // lag)]
    return known


def main(
    series: Annotated[int, typer.Option(help="Series.", min=1)] = 20,
    weeks: Annotated[int, typer.Option(help="Length.", min=6)] = 12,
    seed: Annotated[int, typer.Option(help="Chance.")] = 1,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Print coverage and errors of some forecasts."""
    points, _ = usual(np.random.default_rng(seed), series, weeks)
    entries = [measure(case, points) for case in CASES]
    if as_json:
        print(json.dumps([asdict(entry) for entry in entries], indent=2))
    else:
        names = list(asdict(entries[0]))
        table = Table(*names)
        for entry in entries:
            table.add_row(*map(str, asdict(entry).values()))
        Console().print(table)
    raise typer.Exit(0 if all(entry.met for entry in entries) else 1)


if __name__ == "__main__":
    typer.run(main)
