"""The benchmark over labelled series: what it reads, writes and refuses."""

import csv
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner, Result

from benchmarks import nab


def write(path: Path, rows: list[str], header: str = "timestamp,value") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([header, *rows, ""]))
    return path


def series(points: int) -> list[str]:
    values = np.random.default_rng(1).normal(20.0, 1.0, points)
    values[points // 2] = 60.0
    stamps = np.datetime64("2024-01-01T00:00:00") + np.arange(points) * np.timedelta64(5, "m")
    return [
        f"{str(stamp).replace('T', ' ')},{value:.3f}"
        for stamp, value in zip(stamps, values, strict=True)
    ]


def test_scores_are_written_beside_timestamp_and_value(tmp_path: Path) -> None:
    rows = series(800)
    write(tmp_path / "data" / "kind" / "a.csv", rows)
    out = tmp_path / "out"
    result = _run(tmp_path, out)
    assert result.exit_code == 0
    assert f"threshold {nab.THRESHOLD}" in result.stdout
    with (out / "kind" / "a.csv").open(newline="") as file:
        written = list(csv.DictReader(file))
    assert [f"{row['timestamp']},{row['value']}" for row in written] == rows
    found = [at for at, row in enumerate(written) if float(row["anomaly_score"]) >= nab.THRESHOLD]
    assert 400 in found


def test_a_score_rests_on_nothing_that_comes_later() -> None:
    rng = np.random.default_rng(2)
    values = rng.normal(size=600).tolist()
    times = (np.arange(600) * 300 * 10**9).tolist()
    assert nab.scores(times[:400], values[:400]) == nab.scores(times, values)[:400]


@pytest.mark.parametrize(
    ("rows", "header", "message"),
    [
        (["2024-01-01 00:00:00,1"], "time,value", "line 1: columns are ['time', 'value']"),
        (["2024-01-01 00:00:00,1", "yesterday,2"], "timestamp,value", "line 3: 'yesterday,2'"),
        (["2024-01-01 00:00:00,much"], "timestamp,value", "line 2: '2024-01-01 00:00:00,much'"),
    ],
)
def test_a_file_that_is_no_series_is_refused_with_its_line(
    tmp_path: Path, rows: list[str], header: str, message: str
) -> None:
    write(tmp_path / "kind" / "a.csv", rows, header)
    result = _run(tmp_path, tmp_path / "out")
    assert result.exit_code == 2
    assert message in result.stderr


def test_absent_data_is_said_in_one_line(tmp_path: Path) -> None:
    result = _run(tmp_path / "nowhere", tmp_path / "out")
    assert result.exit_code == 2
    assert result.stderr == f"{tmp_path}/nowhere: no such directory; name one with --data\n"


def _run(data: Path, out: Path) -> Result:
    app = typer.Typer()
    app.command()(nab.main)
    return CliRunner().invoke(app, ["--data", str(data), "--out", str(out)])


def test_a_series_without_points_has_no_scores() -> None:
    assert nab.scores([], []) == []
