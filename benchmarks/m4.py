"""How good forecasts are on the hourly series of the M4 competition.

    python -m benchmarks.m4 --data ../shared/m4 --json

Each series is followed from its first point, and what is forecast at its last is held against the
48 hours that follow. The error is the mean absolute one over that of the same hour a day before
within the series (MASE); its measure is that of the same hour a day before the end, repeated.
Exit code 1: no better than that; 2: there is no data.

Source: S. Makridakis, E. Spiliotis, V. Assimakopoulos, "The M4 competition: 100,000 time series and
61 forecasting methods", International Journal of Forecasting 36 (2020).
"""

import csv
import json
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from operators.forecasts.config import ForecastConfig
from operators.forecasts.series import Series
from operators.forecasts.smoothing import Floats

DATA = Path("../shared/m4")
AHEAD = 48
HOUR_NS = 3_600 * 10**9
DAY, WEEK = 24, 168
DIGITS = 9
"""As the operator rounds values."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What was found.

    Attributes:
        series: how many.
        mase: mean error of the forecasts.
        naive: the same of the hour a day before.
        median: median error of the forecasts.
        covered: share of the points in the band of 0.95.
        ms_a_series: CPU time of a series, refits and all, in milliseconds.
    """

    series: int
    mase: float
    naive: float
    median: float
    covered: float
    ms_a_series: float


def read(path: Path) -> dict[str, Floats]:
    """Series by name."""
    with path.open(newline="") as file:
        rows = [row for row in csv.reader(file) if row and row[0].startswith("H")]
    return {row[0]: np.array([float(value) for value in row[1:] if value]) for row in rows}


def forecast(points: Floats) -> tuple[Floats, Floats, Floats]:
    """What is expected after the last point, and the band."""
    series = Series(ForecastConfig(HOUR_NS, AHEAD, calendar=(WEEK, DAY)), chance=0.5)
    made = None
    for at, x in enumerate(points):
        made = series.take((at + 1) * HOUR_NS, float(f"{x:.{DIGITS}g}")) or made
    if made is None:
        raise ValueError(f"{points.size} points are too few for a forecast")
    return made.expected, made.lower, made.upper


def measure(data: Path, every: int) -> Entry:
    """Forecast every so many series and compare."""
    train, test = read(data / "hourly-train.csv"), read(data / "hourly-test.csv")
    errors, naive, inside = [], [], []
    began = time.process_time()
    for name in list(train)[::every]:
        x, there = train[name], test[name][:AHEAD]
        expected, lower, upper = forecast(x)
        scale = np.abs(x[DAY:] - x[:-DAY]).mean()
        errors.append(np.abs(there - expected).mean() / scale)
        naive.append(np.abs(there - np.tile(x[-DAY:], AHEAD // DAY)).mean() / scale)
        inside.append(((there >= lower) & (there <= upper)).mean())
    spent = (time.process_time() - began) / len(errors)
    return Entry(
        len(errors),
        round(float(np.mean(errors)), 3),
        round(float(np.mean(naive)), 3),
        round(float(np.median(errors)), 3),
        round(float(np.mean(inside)), 3),
        round(1e3 * spent, 1),
    )


def main(
    data: Annotated[Path, typer.Option(help="Has hourly-train.csv and hourly-test.csv.")] = DATA,
    every: Annotated[int, typer.Option(help="Take one in so many series.", min=1)] = 1,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print errors beside those of the hour a day before."""
    try:
        entry = measure(data, every)
    except OSError as error:
        print(error, file=sys.stderr)
        raise typer.Exit(2) from None
    print(json.dumps(asdict(entry)) if as_json else entry)
    raise typer.Exit(0 if entry.mase < entry.naive else 1)


if __name__ == "__main__":
    typer.run(main)
