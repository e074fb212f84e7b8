"""A sender who sets event time and Kafka timestamp to the future makes nobody late, in any run."""

import json
import signal
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from benchmarks.flow_process import Shape, running_flow, wait_for_end
from connectors.codecs.journal_json import read_entry
from connectors.embedded.reader import open_store
from tests.dataflows.starting import start
from tests.services.kafka import Kafka
from tests.services.names import unique
from tests.services.process import wait_until
from tidegauge.journal import ReadAt

FILE = """\
version: 1
pipeline: NAME
sources:
  s:
    kafka: {topic: NAME}
    event_time: {field: t, format: epoch_ms, out_of_orderness: 0s, lateness: 0s, max_future: 5m}
    fields: {v: {type: float}}
windows:
  w: {from: s, tumbling: {size: 10s}, select: {n: count(*)}}
dead_letters: {limit: 1}
"""
HOUR_S = 3_600
PATIENCE_S = 120


@pytest.fixture
def name(kafka: Kafka) -> str:
    return kafka.topic(unique("clock"), partitions=1)


def send(kafka: Kafka, name: str, times_s: Sequence[float]) -> None:
    producer = kafka.producer()
    for one in times_s:
        stamp = int(one * 1_000)
        producer.produce(name, json.dumps({"t": stamp, "v": 1.0}), timestamp=stamp)
    producer.flush(60)


def letters(store: Path) -> list[tuple[str, int]]:
    with closing(open_store(store)) as opened:
        if not opened.execute("SELECT 1 FROM sqlite_master WHERE name = 'dead_letters'").fetchone():
            return []
        return opened.execute('SELECT kind, "offset" FROM dead_letters ORDER BY 2').fetchall()


def test_a_live_run_and_a_replay_judge_alike(kafka: Kafka, tmp_path: Path, name: str) -> None:
    now = time.time()
    file = tmp_path / "p.yaml"
    file.write_text(FILE.replace("NAME", name))
    old = [now - 60 + number for number in range(10)]
    send(kafka, name, [*old, now + HOUR_S, now - 49, now + 120, now - 48])
    live = {"KAFKA_BOOTSTRAP": kafka.bootstrap, "TIDEGAUGE_STORE": str(tmp_path / "live.db")}
    with running_flow(file, Shape(), live) as (member,):
        topic, admin = f"{name}-dead-letters", kafka.admin()

        def told() -> bool:
            found = admin.list_topics(timeout=60).topics
            return topic in found and len(kafka.read(topic)) == 1

        assert wait_until(told, seconds=PATIENCE_S), member.output
        member.process.send_signal(signal.SIGTERM)
        wait_for_end([member])
        log = member.output
    assert "the event at offset 12 is 1m" in log
    assert "ahead of the reader's clock, and so is its Kafka timestamp" in log
    assert letters(tmp_path / "live.db") == [("future", 10)]
    entries = [read_entry(one.value()) for one in kafka.read(f"{name}-journal")]
    (kept,) = [one for one in entries if isinstance(one, ReadAt)]
    assert (kept.offset, kept.last) == (10, 12)

    done = start(file, {**live, "TIDEGAUGE_STORE": str(tmp_path / "replay.db")})
    assert done.code == 0, done
    assert letters(tmp_path / "replay.db") == [("future", 10)]
