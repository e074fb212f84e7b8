"""The benchmark of the windows: its rows, its exit codes, and what it prints."""

import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest
import typer
from typer.testing import CliRunner, Result

from benchmarks.flow_process import ROOT
from benchmarks.goals.row import share
from benchmarks.goals.table import ROWS
from benchmarks.goals.topics import RUNS, topics
from benchmarks.runs import Measured
from benchmarks.windows import main
from tests.services.kafka import Kafka

BARE = Measured(1_000, 1_000, None, 0, 1.0, 2.0, 100.0, 0.0)


def windows(*options: str) -> Result:
    app = typer.Typer()
    app.command()(main)
    return CliRunner().invoke(app, options, env={"KAFKA_BOOTSTRAP": "127.0.0.1:1"})


def test_every_row_needs_what_there_is() -> None:
    for row in ROWS:
        for topic, run in row.needs:
            assert topic in topics(1_000_000)
            assert run in RUNS


def test_names_of_rows_are_different() -> None:
    assert len({row.name for row in ROWS}) == len(ROWS)


def test_a_share_is_the_median_of_the_rounds_shares() -> None:
    row = share("a", "a", 0.5, "topic", "tumbling")
    flows = [replace(BARE, seconds=seconds) for seconds in (2.0, 4.0, 1.0)]
    bares = [replace(BARE, seconds=seconds) for seconds in (1.0, 1.0, 1.0)]
    outcome = row.judge({("topic", "tumbling"): flows, ("topic", "bare"): bares})
    assert outcome.measured == 0.5
    assert row.met(outcome.measured)
    assert outcome.raw["rounds"] == [0.5, 0.25, 1.0]


def test_a_row_is_measured_and_printed(kafka: Kafka) -> None:
    options = ["--rows", "cpu_tumbling", "recovery", "--events", "50000", "--rounds", "1", "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.windows", *options],
        cwd=ROOT,
        env={**os.environ, "KAFKA_BOOTSTRAP": kafka.bootstrap},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr  # so few events say nothing of the goals
    rows = json.loads(done.stdout)["rows"]
    assert [row["name"] for row in rows] == ["cpu_tumbling", "recovery"]
    for row in rows:
        assert row["measured"] > 0
    assert done.returncode == (0 if all(row["met"] for row in rows) else 1)


def test_the_rows_can_be_listed() -> None:
    done = windows("--list")
    assert done.exit_code == 0
    assert all(row.name in done.stdout for row in ROWS)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--rows", "none"], "no row 'none'; allowed: tumbling, sliding,"),
        (["tumbling"], "rows are named after --rows"),
        (["--rounds", "0"], "--rounds"),
    ],
)
def test_a_wrong_option_is_exit_code_2(options: list[str], told: str) -> None:
    done = windows(*options)
    assert done.exit_code == 2
    assert told in " ".join(done.stderr.replace("│", " ").split())


def test_without_a_broker_it_could_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.services.kafka.TIMEOUT", 0.5)
    done = windows("--rows", "tumbling", "--events", "50000")
    assert done.exit_code == 2
    assert "could not run: KAFKA_BOOTSTRAP=127.0.0.1:1: no answer" in " ".join(done.stderr.split())
