"""A cluster whose process fails: each tells its own error in a line, and the others that they end.

Real processes of the engine, with a source of this test; no server is needed.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from bytewax.recovery import init_db_dir

from benchmarks.flow_process import ROOT, free_ports
from connectors.recovery.store import partition_files
from dataflows.lifecycle.engine_errors import unusable
from tidegauge.memory import OUT_OF_MEMORY

PROGRAM = """
import sys
from datetime import timedelta
import bytewax.operators as op
from bytewax.dataflow import Dataflow
from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition
from bytewax.outputs import DynamicSink, StatelessSinkPartition
from bytewax.run import cli_main
from dataflows.lifecycle.startup import tell_errors_of_ours
from tidegauge.errors import Retry, Stop

number, addresses, fails = int(sys.argv[1]), sys.argv[2].split(";"), sys.argv[3]

class Part(StatefulSourcePartition):
    read = 0
    def next_batch(self):
        Part.read += 1
        if Part.read == 3:
            print("running", flush=True)
        if Part.read > 3 and number == 0:
            if fails == "stop":
                raise Stop("the first process cannot go on")
            if fails == "retry":
                raise Retry("the first process may go on later")
            if fails == "memory":
                bytearray(1 << 60)
            if fails == "bug":
                raise ZeroDivisionError("a bug")
        return [("key", 1)]
    def snapshot(self):
        return None

class Source(FixedPartitionedSource):
    def list_parts(self):
        return ["0", "1", "2", "3"]
    def build_part(self, step_id, for_part, resume_state):
        return Part()

class Nowhere(StatelessSinkPartition):
    def write_batch(self, items):
        pass

class Sink(DynamicSink):
    def build(self, step_id, worker_index, worker_count):
        return Nowhere()

graph = Dataflow("f")
up = op.input("in", graph, Source())
up = op.redistribute("spread", up)
op.output("out", up, Sink())
tell_errors_of_ours(clustered=len(addresses) > 1)
cli_main(graph, process_id=number, addresses=addresses, epoch_interval=timedelta(seconds=0.01))
"""
LOST = "another process of this cluster has ended, and so this one does: "


def cluster(folder: Path, fails: str) -> list[subprocess.Popen[str]]:
    """Two processes of one flow, of which the first fails in a way."""
    (folder / "flow.py").write_text(PROGRAM)
    addresses = ";".join(f"127.0.0.1:{port}" for port in free_ports(2))
    return [
        subprocess.Popen(
            [sys.executable, str(folder / "flow.py"), str(number), addresses, fails],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(2)
    ]


def outcome(process: subprocess.Popen[str]) -> tuple[int, list[str]]:
    """Exit code, and lines of standard error but those of the engine while it connects."""
    try:
        _, told = process.communicate(timeout=120)
    finally:
        process.kill()
    return process.returncode, [
        line for line in told.splitlines() if "error connecting" not in line
    ]


@pytest.mark.parametrize(
    ("fails", "code", "line"),
    [
        ("stop", 2, "the first process cannot go on"),
        ("retry", 1, "the first process may go on later"),
        ("memory", 2, OUT_OF_MEMORY),
    ],
)
def test_an_error_of_ours_is_told_in_a_line_in_a_cluster_too(
    tmp_path: Path, fails: str, code: int, line: str
) -> None:
    first, second = map(outcome, cluster(tmp_path, fails))
    assert first == (code, [line])
    assert second[0] == 1
    (told,) = second[1]
    assert told.startswith(LOST)


def test_another_error_in_a_cluster_keeps_its_traceback(tmp_path: Path) -> None:
    first, second = map(outcome, cluster(tmp_path, "bug"))
    assert first[0] == 1
    assert "ZeroDivisionError: a bug" in first[1]
    assert second[0] == 1


def test_a_process_whose_peer_is_killed_ends_with_a_line(tmp_path: Path) -> None:
    first, second = cluster(tmp_path, "not")
    assert second.stdout is not None
    # The engine tells on standard output that it waits for the other one.
    assert "running\n" in iter(second.stdout.readline, "")
    first.send_signal(signal.SIGKILL)
    code, lines = outcome(second)
    first.communicate()
    assert code == 1
    assert len(lines) == 1
    assert lines[0].startswith(LOST)


def test_what_the_engine_says_of_partitions_that_do_not_belong_together_is_a_line(
    tmp_path: Path,
) -> None:
    """As when one is lost after the start has looked."""
    from bytewax.dataflow import Dataflow
    from bytewax.operators import input as read
    from bytewax.operators import output
    from bytewax.recovery import RecoveryConfig
    from bytewax.testing import TestingSink, TestingSource, run_main

    init_db_dir(tmp_path, 3)  # type: ignore[no-untyped-call]  # published so
    partition_files(tmp_path)[1].unlink()
    graph = Dataflow("f")
    output("out", read("in", graph, TestingSource([1])), TestingSink([]))
    with pytest.raises(FileNotFoundError) as caught:
        run_main(graph, recovery_config=RecoveryConfig(tmp_path))  # type: ignore[no-untyped-call]  # published so
    told = str(unusable(caught.value))
    assert told.startswith("recovery directory: Missing recovery partitions")
    assert "\n" not in told
