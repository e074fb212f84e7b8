"""The default detector over labelled series in the format of the Numenta Anomaly Benchmark.

    python -m benchmarks.nab --data ../shared/nab --out results

reads every `<category>/<file>.csv` below the data directory (or below its `data` folder), with the
columns `timestamp` and `value`, and writes `<category>/<file>.csv` with `timestamp`, `value` and
`anomaly_score`. Each file is read once, from its first row to its last; a score rests on the rows
before it. Nothing is known of a file's range or length or labels, no file has settings of its own,
and one threshold, which is printed, serves all.
"""

import csv
import math
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from operators.detectors.ensemble import Ensemble
from operators.detectors.rarity import RarityConfig

THRESHOLD = 0.9992
"""Scores from here on are detections: what a series does once in 1,250 points by itself."""
DATA = Path("../shared/nab")
HEADER = ["timestamp", "value"]


class DataError(Exception):
    """A file or directory is not what it should be."""


def find(data: Path) -> list[Path]:
    """The files to score, relative to the directory that holds the categories.

    Raises:
        DataError: there are none.
    """
    if not data.is_dir():
        raise DataError(f"{data}: no such directory; name one with --data")
    files = sorted(path.relative_to(data) for path in data.glob("*/*.csv"))
    if not files:
        raise DataError(f"{data}: holds no <category>/<file>.csv; name another with --data")
    return files


def read(path: Path) -> tuple[list[list[str]], list[int], list[float]]:
    """Rows as they are, their times in nanoseconds and their values; NaN where there is none.

    Raises:
        DataError: a row or the header is not as expected; with the line.
    """
    with path.open(newline="") as file:
        rows = csv.reader(file)
        header = next(rows, [])
        if header[:2] != HEADER:
            raise DataError(f"{path}, line 1: columns are {header}; allowed: timestamp,value")
        kept, times, values = [], [], []
        for row in rows:
            try:
                times.append(_nanoseconds(row[0]))
                values.append(float(row[1]) if row[1] else math.nan)
            except (ValueError, IndexError):
                raise DataError(
                    f"{path}, line {rows.line_num}: {','.join(row)!r} is no timestamp and value"
                ) from None
            kept.append(row[:2])
    return kept, times, values


def _nanoseconds(text: str) -> int:
    stamp = datetime.fromisoformat(text.strip())
    stamp = stamp if stamp.tzinfo else stamp.replace(tzinfo=UTC)
    return round(stamp.timestamp() * 1_000_000) * 1_000


def scores(times: list[int], values: list[float]) -> list[float]:
    """The default detector's score of each point; 0 where it is not judged."""
    detector = Ensemble(RarityConfig())
    detector.grow(1)
    slots = np.zeros(len(values), np.intp)
    verdicts = detector.judge(slots, np.array(values, np.float64), np.array(times, np.int64))
    told: list[float] = np.where(verdicts.judged, verdicts.score, 0.0).tolist()
    return told


def main(
    data: Annotated[Path, typer.Option(help="Directory with <category>/<file>.csv.")] = DATA,
    out: Annotated[Path, typer.Option(help="Where to write the scores.")] = Path("results"),
) -> None:
    """Score every file. Exit code 2: there is no data, or a file is not as it should be."""
    started, points = time.perf_counter(), 0
    try:
        root = data / "data" if (data / "data").is_dir() else data
        for name in find(root):
            try:
                rows, times, values = read(root / name)
            except (UnicodeDecodeError, csv.Error) as error:
                raise DataError(f"{root / name}: is no CSV text: {error}") from None
            told = scores(times, values)
            points += len(told)
            target = out / name
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("w", newline="") as file:
                writer = csv.writer(file)
                writer.writerow([*HEADER, "anomaly_score"])
                writer.writerows([*row, repr(score)] for row, score in zip(rows, told, strict=True))
            found = sum(score >= THRESHOLD for score in told)
            print(f"{name}: {len(told)} points, {found} detections")
    except (DataError, OSError) as error:
        print(error, file=sys.stderr)
        raise typer.Exit(2) from None
    seconds = time.perf_counter() - started
    print(f"{points} points in {seconds:.1f} s; scores in {out}")
    print(f"threshold {THRESHOLD}")


if __name__ == "__main__":
    typer.run(main)
