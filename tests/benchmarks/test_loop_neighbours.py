"""The measurement of a long loop's neighbours, in short: what is told after an end is the same."""

import json
import os
import subprocess
import sys

from benchmarks.flow_process import ROOT
from benchmarks.loop_neighbours import CASES
from tests.services.kafka import Kafka


def test_a_flow_that_was_asked_to_end_in_a_loop_tells_the_same(kafka: Kafka) -> None:
    options = ["--events", "200", "--moment", "0", "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.loop_neighbours", *options],
        cwd=ROOT,
        env={**os.environ, "KAFKA_BOOTSTRAP": kafka.bootstrap},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr  # the machine's speed is not tested
    told = json.loads(done.stdout)["cases"]
    assert set(told) == set(CASES)
    assert all(one["same"] and one["windows"] for one in told.values())
