"""The benchmark of poison, in short: exact whatever the machine's speed."""

import json
import os
import subprocess
import sys

from benchmarks.flow_process import ROOT
from tests.services.kafka import Kafka


def test_all_poison_is_in_the_dead_letters_and_the_rest_exact(kafka: Kafka) -> None:
    options = ["--events", "20000", "--rounds", "1", "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.poison", *options],
        cwd=ROOT,
        env={**os.environ, "KAFKA_BOOTSTRAP": kafka.bootstrap},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr  # so few events say nothing of the rate
    told = json.loads(done.stdout)
    assert told["wrong"] == []
    assert told["exact"]
    assert sum(told["letters"].values()) == told["refused"] >= 200
    assert set(told["letters"]) == {
        "broken",
        "wrong_type",
        "tombstone",
        "no_event_time",
        "future",
        "late",
    }
