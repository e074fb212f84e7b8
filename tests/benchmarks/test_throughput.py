"""The throughput benchmark counts right, and says so when it does not."""

import json
import os
import subprocess
import sys

import pytest

from benchmarks.flow_process import ROOT
from benchmarks.load import load_events, window_rows
from benchmarks.throughput import MiscountError, check_counts
from tests.services.kafka import Kafka
from tests.services.names import unique

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


def test_a_wrong_count_of_events_is_no_result() -> None:
    with pytest.raises(MiscountError, match=r"^bare counted 9 events of 10$"):
        check_counts("bare", {"events": 9, "rows": None}, 10, 3)


def test_a_wrong_number_of_rows_is_no_result() -> None:
    check_counts("flow", {"events": 10, "rows": 3}, 10, 3)
    with pytest.raises(MiscountError, match=r"^flow gave 4 window rows, true are 3$"):
        check_counts("flow", {"events": 10, "rows": 4}, 10, 3)


def test_the_true_number_of_rows_is_that_of_what_is_loaded(kafka: Kafka) -> None:
    topic = unique("load")
    load_events(kafka, topic, 2_000, 50, partitions=2)
    events = [json.loads(message.value() or b"") for message in kafka.read(topic)]
    assert sorted(event["event_id"] for event in events) == list(range(2_000))
    seen = {(event["sensor_id"], event["ts"] // 100) for event in events}
    assert window_rows(2_000, 50, 100) == len(seen)
    kafka.delete_topic(topic)


def test_a_wrong_option_is_exit_code_2() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.throughput", "--events", "0"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
