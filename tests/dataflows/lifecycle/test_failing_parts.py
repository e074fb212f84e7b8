"""A sink or source that fails ends the flow with its line, whatever its `close` runs into.

Real processes of the engine. What `close` raises while the engine unwinds would abort the process.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.flow_process import ROOT, free_ports

BEGIN = """
import os
from pathlib import Path
import bytewax.operators as op
from bytewax.dataflow import Dataflow
from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition
from bytewax.testing import TestingSource
from connectors.partitions import RecordPart, RecordSink
from dataflows.lifecycle.startup import tell_errors_of_ours
from dataflows.topology.parts import safe_sink, safe_source
from tests.connectors.samples import CATALOGUE, batch, record
from tidegauge.errors import Retry, Stop
from tidegauge.settings import Settings

port, folder = os.environ["PORT"], Path(os.environ["FOLDER"])
source = TestingSource([("0", batch(record()))])
"""
END = """
graph = Dataflow("f")
op.output("out", op.input("in", graph, source), sink)
tell_errors_of_ours()
"""
BAD = """
class Bad(RecordPart):
    def write_batch(self, values):
        pass
    def snapshot(self):
        raise Retry("cannot be stored")
    def close(self):
        raise ERROR

class BadSink(RecordSink):
    def build_part(self, step_id, for_part, resume_state):
        return Bad()

sink = safe_sink(BadSink())
"""
BAD_SOURCE = """
class Unreadable(StatefulSourcePartition):
    def next_batch(self):
        raise Stop("cannot be read")
    def snapshot(self):
        return None
    def close(self):
        raise Retry("cannot be closed")

class BadSource(FixedPartitionedSource):
    def list_parts(self):
        return ["0"]
    def build_part(self, step_id, for_part, resume_state):
        return Unreadable()

source = safe_source(BadSource())
"""
KAFKA = """
from connectors.codecs.messages import Message
from connectors.kafka.sink import KafkaSink

settings = Settings.model_validate({"kafka_bootstrap": f"127.0.0.1:{port}"})
encode = lambda records: [Message("out", b"key", b"value")]
sink = KafkaSink(settings, encode, lambda *_: None, timeout_s=0.5)
"""
ONCE = """
from connectors.codecs.messages import Message
from connectors.kafka.once.sink import OnceSink, Outlet
from tests.connectors.kafka.mock_cluster import mock_cluster

cluster = mock_cluster()
address = cluster.__enter__().kafka_bootstrap
client = {"bootstrap.servers": address, "log_level": 0}
topics = frozenset({"out"})
outlet = Outlet(client, "once", topics, "markers", batch_bytes=1_000_000, timeout_s=5.0)

def encode(records):
    yield Message("out", b"key", b"value", b"0123456789abcdef")
    cluster.gen.close()  # the broker goes away within the transaction

sink = OnceSink(outlet, encode, lambda *_: None)
"""
INFLUXDB = """
from connectors.influxdb.sink import InfluxSink
from connectors.influxdb.writer import WriteLimits

given = {"INFLUXDB_URL": f"http://127.0.0.1:{port}", "INFLUXDB_TOKEN": "t"}
settings = Settings.model_validate(given)
limits = WriteLimits(retry_for_s=0.1)
sink = InfluxSink(settings, "b", CATALOGUE, lambda _: None, limits=limits)
"""
SQLITE = """
import sqlite3
from connectors.embedded.sink import StoreSink
from connectors.embedded.store import Store

path = folder / "store.db"
Store(path, CATALOGUE).close()
other = sqlite3.connect(path, isolation_level=None)
other.execute("BEGIN IMMEDIATE")
sink = StoreSink(path, CATALOGUE, retry_for_s=0.1)
"""


def run(folder: Path, *parts: str) -> tuple[int, list[str]]:
    """Exit code of a flow, and what it has told: of standard error, then of its log."""
    (folder / "flow.py").write_text("".join([BEGIN, *parts, END]))
    done = subprocess.run(
        [sys.executable, "-m", "bytewax.run", f"{folder / 'flow.py'}:graph"],
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "FOLDER": str(folder),
            "PORT": str(free_ports(1)[0]),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    return done.returncode, [*done.stderr.splitlines(), *done.stdout.splitlines()]


@pytest.mark.parametrize(
    ("sink", "line"),
    [
        (KAFKA, "Kafka has not stored messages for topic 'out' in 0.5 s: "),
        (ONCE, "Kafka "),
        (INFLUXDB, "INFLUXDB_URL="),
        (SQLITE, "TIDEGAUGE_STORE="),
    ],
    ids=["kafka", "kafka exactly once", "influxdb", "sqlite"],
)
def test_a_sink_that_fails_ends_the_flow_with_a_line(tmp_path: Path, sink: str, line: str) -> None:
    code, lines = run(tmp_path, sink)
    assert (code, len(lines)) == (1, 1), lines
    assert lines[0].startswith(line)


def test_what_close_raises_after_a_failure_is_not_told(tmp_path: Path) -> None:
    bad = BAD.replace("ERROR", 'Retry("cannot be closed")')
    assert run(tmp_path, bad) == (1, ["cannot be stored"])


def test_a_bug_in_close_does_not_hide_the_failure(tmp_path: Path) -> None:
    code, lines = run(tmp_path, BAD.replace("ERROR", 'ZeroDivisionError("a bug")'))
    assert code == 1
    assert lines[0] == "cannot be stored"
    assert "ZeroDivisionError('a bug')" in "".join(lines[1:])


def test_a_source_that_fails_and_cannot_be_closed_ends_with_its_line(tmp_path: Path) -> None:
    bad = BAD.replace("ERROR", 'Retry("cannot be closed")')
    assert run(tmp_path, BAD_SOURCE, bad) == (2, ["cannot be read"])


def test_a_process_that_is_aborted_tells_where(tmp_path: Path) -> None:
    """As by the engine, for a part that is not a safe one."""
    bad = BAD.replace("ERROR", 'Retry("cannot be closed")')
    code, lines = run(tmp_path, bad, "sink = BadSink()\n")
    assert code < 0
    assert "Fatal Python error: Aborted" in lines
