"""`python -m benchmarks.truth` notices what is not true, and says when it could not look."""

import csv
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from benchmarks.flow_process import ROOT, Shape
from benchmarks.private_copy import private_copy
from benchmarks.truth import Left, judge, left_in, main
from benchmarks.window_rows import Row, RowKey, read_expected
from tests.dataflows.shop.case import Case, make_case, run_over
from tests.dataflows.shop.files import PIPELINE
from tests.services.influxdb import InfluxDB
from tests.services.kafka import Kafka
from tidegauge.spec.loader import load_pipeline

MESSAGES = 1_500
Rows = dict[RowKey, Row]


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    return make_case(MESSAGES, tmp_path_factory.mktemp("case"))


@pytest.fixture(scope="module")
def left(case: Case, tmp_path_factory: pytest.TempPathFactory, kafka: Kafka) -> Left:
    """What the flow has left of it."""
    with private_copy(PIPELINE, tmp_path_factory.mktemp("run"), kafka, None) as copy:
        run_over(case, copy, Shape())
        return left_in(copy)


@pytest.fixture(scope="module")
def truth(case: Case) -> Rows:
    """The rows that it must have left."""
    return read_expected(case.rows, load_pipeline(PIPELINE))


def files(case: Case) -> list[str]:
    """Options that name the files of a case."""
    return ["--pipeline", str(PIPELINE), "--events", str(case.events), "--expect", str(case.rows)]


def run(case: Case, servers: dict[str, str], *options: str) -> subprocess.CompletedProcess[str]:
    """The command on the files of a case."""
    return subprocess.run(
        [sys.executable, "-m", "benchmarks.truth", *files(case), *options],
        cwd=ROOT,
        env={**os.environ, **servers},
        capture_output=True,
        text=True,
        check=False,
    )


def environment(kafka: Kafka, influxdb: InfluxDB | None = None) -> dict[str, str]:
    """The variables that name the servers of the session."""
    servers = {"KAFKA_BOOTSTRAP": kafka.bootstrap}
    if influxdb is not None:
        servers |= {"INFLUXDB_URL": influxdb.url, "INFLUXDB_TOKEN": influxdb.token}
        servers |= {"INFLUXDB_ORG": influxdb.org}
    return servers


def altered(case: Case, folder: Path, *, remove: int = 0, change: int = 0, add: int = 0) -> Case:
    """The case with so many of the expected rows taken away, changed, and added."""
    with case.rows.open(newline="") as file:
        rows = list(csv.DictReader(file))
    names = list(rows[0])
    rows = rows[remove:]
    for row in rows[:change]:
        row["count"] = str(float(row["count"]) + 1)
    for number in range(add):
        rows.append({**rows[-1], "start": "0", "end": str(number)})
    changed = replace(case, folder=folder)
    changed.events.write_bytes(case.events.read_bytes())
    with changed.rows.open("w", newline="") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(rows)
    return changed


def test_the_truth_is_found_true(case: Case, kafka: Kafka, influxdb: InfluxDB) -> None:
    done = run(case, environment(kafka, influxdb))
    rows, dead = len(case.truth.final), len(case.story.dead_letters)
    assert done.stdout == (
        f"rows equal {rows}, different 0, missing 0, extra 0; dead letters {dead}\n"
    )
    assert done.returncode == 0


def test_each_kind_of_difference_is_counted_and_shown(
    case: Case, kafka: Kafka, tmp_path: Path
) -> None:
    wrong = altered(case, tmp_path, remove=1, change=2, add=3)
    done = run(wrong, environment(kafka), "--embedded")
    assert done.returncode == 1
    equal = len(case.truth.final) - 3
    assert f"rows equal {equal}, different 2, missing 3, extra 1;" in done.stdout
    assert done.stderr.count("different (") == 2
    assert done.stderr.count("missing (") == 3
    assert done.stderr.count("extra (") == 1


@pytest.mark.parametrize("change", [{"remove": 1}, {"change": 1}, {"add": 1}])
def test_one_wrong_row_is_enough(
    case: Case, left: Left, truth: Rows, tmp_path: Path, change: dict[str, int]
) -> None:
    wrong = read_expected(altered(case, tmp_path, **change).rows, load_pipeline(PIPELINE))
    assert judge(left, truth).true
    assert not judge(left, wrong).true


def test_a_row_that_is_stored_but_not_sent_is_not_true(left: Left, truth: Rows) -> None:
    some = dict(list(left.sent.items())[1:])
    assert not judge(replace(left, sent=some), truth).true


def test_a_record_that_is_sent_twice_is_not_true(left: Left, truth: Rows) -> None:
    found = judge(replace(left, records=[*left.records, left.records[-1]]), truth)
    assert found.doubled == 1
    assert not found.true


def test_a_dead_letter_that_is_sent_twice_is_not_true(left: Left, truth: Rows) -> None:
    letters = [*left.dead_letters, left.dead_letters[0]]
    found = judge(replace(left, dead_letters=letters), truth)
    assert found.doubled == 1
    assert not found.true


@pytest.mark.parametrize("length", [1, 40, 80, 200])
def test_a_missing_file_is_no_answer(case: Case, tmp_path: Path, length: int) -> None:
    """However long its name is: the message is in a box as wide as the terminal."""
    absent = replace(case, folder=tmp_path / ("x" * length))
    app = typer.Typer()
    app.command()(main)
    done = CliRunner().invoke(app, files(absent), env={"COLUMNS": "10000"})
    assert done.exit_code == 2
    assert f"file '{absent.events}' does not exist" in done.stderr


def test_a_missing_server_is_no_answer(case: Case, kafka: Kafka) -> None:
    servers = {"INFLUXDB_URL": "http://127.0.0.1:1", "INFLUXDB_TOKEN": "t", "INFLUXDB_ORG": "o"}
    done = run(case, environment(kafka) | servers)
    assert done.returncode == 2
    assert done.stderr.strip() == "could not run: INFLUXDB_URL=http://127.0.0.1:1: no answer"


def test_an_events_file_with_a_wrong_line_is_no_answer(
    case: Case, kafka: Kafka, tmp_path: Path
) -> None:
    wrong = altered(case, tmp_path)
    wrong.events.write_text(json.dumps({"partition": 0, "key": None}))
    done = run(wrong, environment(kafka), "--embedded")
    assert done.returncode == 2
    assert (
        f"could not run: {wrong.events}:1: no object with partition, key and value" in done.stderr
    )


def test_what_is_made_for_a_run_is_removed(
    kafka: Kafka, influxdb: InfluxDB, tmp_path: Path
) -> None:
    with private_copy(PIPELINE, tmp_path, kafka, influxdb) as copy:
        for topic in copy.topics:
            kafka.topic(topic)
        assert copy.pipeline.output.influxdb is not None
        bucket = influxdb.bucket(copy.pipeline.output.influxdb.bucket)
    assert not copy.topics.intersection(kafka.admin().list_topics().topics)
    with influxdb.client() as client:
        assert client.buckets_api().find_bucket_by_name(bucket) is None
