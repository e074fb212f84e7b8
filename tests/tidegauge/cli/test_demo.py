"""Real demos, as short as they may be: with the mock broker and the real flow, no server needed."""

import json
import math
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import psutil
import pytest
from typer.testing import CliRunner

from tidegauge.cli import app
from tidegauge.cli._demo.report import query_command
from tidegauge.cli._demo.summary import Summary

DEMO = [sys.executable, "-m", "tidegauge.cli", "demo"]
VARIABLES = {**os.environ, "DEMO_SECONDS": "20", "DEMO_SEED": "3"}
GRACE_NS = 20_000_000_000
FINDS = {
    "warming": "getting_warm",
    "overheating": "overheating",
    "shaking": "shaking",
    "knock": "knock",
}


@dataclass(frozen=True)
class Ended:
    code: int
    summary: dict[str, Any]
    errors: str
    folder: Path


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Ended:
    folder = tmp_path_factory.mktemp("demo")
    ended = subprocess.run(
        [*DEMO, "--json", "--data", str(folder)],
        env=VARIABLES,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    return Ended(ended.returncode, json.loads(ended.stdout or "{}"), ended.stderr, folder)


@pytest.fixture
def store(demo: Ended) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(demo.folder / "store.sqlite3")) as connection:
        yield connection


def test_it_finds_the_faults_and_ends_with_0(demo: Ended) -> None:
    assert demo.code == 0, demo.errors
    assert demo.summary["injected"] == 12
    assert demo.summary["found"] >= 11
    assert demo.summary["false_alarms"] <= 2


def test_its_counts_are_those_of_the_store(demo: Ended, store: sqlite3.Connection) -> None:
    counts = store.execute(
        "SELECT (SELECT SUM(last) FROM (SELECT MAX(processed) last FROM flow GROUP BY partition)),"
        " (SELECT COUNT(*) FROM machines), (SELECT SUM(revision) FROM machines),"
        " (SELECT COUNT(DISTINCT id) FROM alerts WHERE active = 1)"
    ).fetchone()
    told = [demo.summary[name] for name in ("events", "windows", "corrected", "alerts")]
    assert told == list(counts)
    refused = store.execute("SELECT kind, COUNT(*) FROM dead_letters GROUP BY kind").fetchall()
    assert demo.summary["dead_letters"] == dict(refused)


def test_its_latencies_are_those_of_the_store(demo: Ended, store: sqlite3.Connection) -> None:
    found = [
        row[0] for row in store.execute("SELECT latency_ms FROM machines WHERE latency_ms > 0")
    ]
    for percent in (50, 99):
        nearest_rank = sorted(found)[math.ceil(percent / 100 * len(found)) - 1]
        assert demo.summary[f"latency_p{percent}_ms"] == nearest_rank


def test_what_it_found_is_in_the_store(demo: Ended, store: sqlite3.Connection) -> None:
    truth = pd.read_json(demo.folder / "truth.jsonl", lines=True)
    truth["alert"] = truth["kind"].map(FINDS)
    fired = pd.read_sql(
        "SELECT alert, machine, MIN(time_ns) AS at_ns FROM alerts WHERE active = 1 GROUP BY id",
        store,
    )
    both = truth.reset_index().merge(fired, on=["machine", "alert"])
    at = pd.to_datetime(both["at_ns"], utc=True)
    start, end = pd.to_datetime(both["start"]), pd.to_datetime(both["end"])
    within = (at >= start) & (at <= end + pd.Timedelta(GRACE_NS))
    assert len(truth) == demo.summary["injected"]
    assert both.loc[within, "index"].nunique() == demo.summary["found"]


def test_every_reading_was_read_and_every_window_closed(demo: Ended) -> None:
    sent = sum(json.loads((demo.folder / "simulator.log").read_text()).values())
    assert sent - 4 <= demo.summary["events"] <= sent
    assert demo.summary["windows"] >= 20 * 59


def test_its_query_works_in_a_shell(demo: Ended) -> None:
    command = query_command(demo.folder / "store.sqlite3")
    answer = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert "('overheating'," in answer.stdout


def test_a_store_in_a_folder_with_an_odd_name_can_be_asked_too(tmp_path: Path) -> None:
    file = tmp_path / 'a "b" $c' / "store.sqlite3"
    file.parent.mkdir()
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE alerts (alert, machine, id, active)")
        connection.execute("INSERT INTO alerts VALUES ('knock', 'mill-1', 'x', 1)")
        connection.commit()
    answer = subprocess.run(
        ["bash", "-c", query_command(file)], capture_output=True, text=True, check=True
    )
    assert answer.stdout == "('knock', 'mill-1', 1)\n"


def test_ctrl_c_ends_all_of_its_processes(tmp_path: Path) -> None:
    command = [*DEMO, "--data", str(tmp_path)]
    with subprocess.Popen(command, env=VARIABLES, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert "are starting" in running.stdout.readline()
        while len(children := psutil.Process(running.pid).children()) < 2:
            assert running.poll() is None
        running.send_signal(signal.SIGINT)
        assert "have ended" in running.stdout.read()
    assert running.returncode == 130
    assert not any(child.is_running() for child in children)


def test_too_few_seconds_are_one_line_and_exit_code_2(tmp_path: Path) -> None:
    ended = subprocess.run(
        [*DEMO, "--data", str(tmp_path)],
        env={**VARIABLES, "DEMO_SECONDS": "5"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == "DEMO_SECONDS=5: allowed is a whole number from 20 to 3600 seconds\n"


@pytest.mark.parametrize(("passed", "code"), [(True, 0), (False, 1)])
def test_the_exit_code_tells_whether_it_found_enough(
    code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, passed: bool
) -> None:
    numbers = dict.fromkeys(Summary.__annotations__, 0)
    lists = {"dead_letters": {}, "missed": [], "unexplained": [], "store": "s", "truth": "t"}
    summary = Summary(**{**numbers, **lists, "passed": passed})  # type: ignore[arg-type]  # any numbers do
    monkeypatch.setattr("tidegauge.cli._demo.run.run", lambda *_: summary)
    ended = CliRunner().invoke(app, ["demo", "--data", str(tmp_path)])
    assert ended.exit_code == code
    assert ("Passed" in ended.output) is passed
