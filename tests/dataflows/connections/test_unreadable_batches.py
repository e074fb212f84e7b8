"""Batches that nobody can read, in the topic of a flow as a person starts it."""

import json
from contextlib import closing
from pathlib import Path

import pytest

from connectors.embedded.reader import open_store
from tests.connectors.kafka.batches import append, zstd_bomb
from tests.dataflows.starting import start
from tests.services.kafka import Kafka
from tests.services.names import unique

FILE = """\
version: 1
pipeline: NAME
sources:
  s:
    kafka: {topic: NAME}
    event_time: {field: t, format: epoch_ms, out_of_orderness: 0s, lateness: 10s}
    fields: {v: {type: float}}
windows:
  w: {from: s, tumbling: {size: 10s}, select: {n: count(*)}}
dead_letters: {on_unreadable: POLICY}
"""
START_MS = 1_700_000_000_000


@pytest.fixture
def name(kafka: Kafka) -> str:
    """A topic of 30 events, a second apart; between two of them a bomb that stands for 5."""
    name = kafka.topic(unique("bombed"), partitions=1)
    producer = kafka.producer()
    for number in range(30):
        stamp = START_MS + 1_000 * number
        producer.produce(name, json.dumps({"t": stamp, "v": 1.0}), timestamp=stamp)
        producer.flush()
        if number == 14:
            append(kafka.bootstrap, name, zstd_bomb(5))
    return name


def environment(kafka: Kafka, folder: Path) -> dict[str, str]:
    return {"KAFKA_BOOTSTRAP": kafka.bootstrap, "TIDEGAUGE_STORE": str(folder / "store.db")}


def write_file(folder: Path, name: str, policy: str) -> Path:
    file = folder / "p.yaml"
    file.write_text(FILE.replace("NAME", name).replace("POLICY", policy))
    return file


def test_the_flow_goes_on_and_a_letter_tells_the_offsets(
    kafka: Kafka, tmp_path: Path, name: str
) -> None:
    done = start(write_file(tmp_path, name, "skip"), environment(kafka, tmp_path))
    assert done.code == 0, done
    (told,) = [line for line in done.out.splitlines() if "cannot be read" in line]
    assert f"topic={name}" in told
    assert "last_offset=19 offset=15 partition=0" in told
    with closing(open_store(tmp_path / "store.db")) as store:
        letters = store.execute(
            'SELECT kind, "offset", detail, reason FROM dead_letters'
        ).fetchall()
        rows = store.execute("SELECT n FROM w ORDER BY time_ns").fetchall()
    ((kind, offset, detail, reason),) = letters
    assert (kind, offset, json.loads(detail)) == ("unreadable", 15, {"offsets": [15, 19]})
    assert reason.startswith("offsets 15 to 19 cannot be read: Decompression (codec 0x4)")
    assert [n for (n,) in rows] == [10, 10, 10]
    sent = [json.loads(one.value() or b"") for one in kafka.read(f"{name}-dead-letters")]
    assert [(one["kind"], one["offset"]) for one in sent] == [("unreadable", 15)]


def test_the_flow_stops_with_one_line_where_the_file_says_so(
    kafka: Kafka, tmp_path: Path, name: str
) -> None:
    done = start(write_file(tmp_path, name, "stop"), environment(kafka, tmp_path))
    assert done.code == 2, done
    told = [line for line in done.lines if "cannot be read" in line]
    assert len(told) == 1
    assert f"kafka: {name}-0: the batch of messages at offset 15 cannot be read (" in told[0]
    assert "dead_letters.on_unreadable: skip" in told[0]
