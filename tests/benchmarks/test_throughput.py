"""The throughput benchmark counts right, and says so when it does not."""

import json
import os
import subprocess
import sys

import typer
from typer.testing import CliRunner

from benchmarks.flow_process import ROOT
from benchmarks.throughput import main
from tests.services.kafka import Kafka

EVENTS, KEYS = 50_000, 100


def test_every_contestant_counts_every_event(kafka: Kafka) -> None:
    options = ["--events", str(EVENTS), "--keys", str(KEYS), "--rounds", "1", "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.throughput", *options],
        cwd=ROOT,
        env={**os.environ, "KAFKA_BOOTSTRAP": kafka.bootstrap},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr  # so few events say nothing of the goals
    result = json.loads(done.stdout)
    assert result["events"] == EVENTS
    assert result["window_rows"] == KEYS * EVENTS // 10_000
    for name in ("bare", "flow", "stock", "flow_over_bare", "flow_over_stock"):
        assert result[name] > 0


def test_a_wrong_option_is_exit_code_2() -> None:
    app = typer.Typer()
    app.command()(main)
    assert CliRunner().invoke(app, ["--events", "0"]).exit_code == 2
