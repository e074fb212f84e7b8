import json
import subprocess
import sys
from pathlib import Path

from confluent_kafka import Consumer, TopicPartition

from dataflows.simulation.floor import MACHINES
from dataflows.simulation.mishaps import REFUSED
from dataflows.simulation.schedule import SHORTEST_SPAN_NS
from dataflows.simulation.sender import TOPIC
from dataflows.simulation.stream import Stream
from dataflows.simulation.truth import read_truth
from tidegauge.cli._demo.processes import environment, mock_broker

READINGS = SHORTEST_SPAN_NS // 150_000_000 * len(MACHINES)


def simulate(address: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "dataflows.simulate", *arguments],
        env=environment({"KAFKA_BOOTSTRAP": address, "TIDEGAUGE_START_TIMEOUT": "2"}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_sends_a_stream_and_tells_what_befell_it(tmp_path: Path) -> None:
    truth_file = tmp_path / "truth.jsonl"
    with mock_broker(TOPIC) as (address, partitions):
        ended = simulate(address, "--seconds", "4", "--seed", "5", "--truth", str(truth_file))
        ends = [_end(address, partition) for partition in range(partitions)]
    assert ended.returncode == 0, ended.stderr
    sent = json.loads(ended.stdout)
    assert sum(sent.values()) == sum(ends) == READINGS + partitions
    assert set(sent) >= REFUSED
    truth, faults = read_truth(truth_file), Stream(5, SHORTEST_SPAN_NS).faults
    assert [(each.machine, each.kind) for each in truth] == [
        (fault.machine, fault.kind) for fault in faults
    ]


def test_an_absent_broker_is_one_line_and_exit_code_2() -> None:
    ended = simulate("127.0.0.1:1")
    assert ended.returncode == 2
    assert ended.stderr.startswith("KAFKA_BOOTSTRAP=127.0.0.1:1: no Kafka broker answered")
    assert ended.stderr.count("\n") == 1


def test_who_holds_it_and_goes_away_ends_it() -> None:
    with mock_broker(TOPIC) as (address, _):
        ended = simulate(address, "--hold")
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert "standard input ended" in ended.stderr


def test_a_truth_file_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    with mock_broker(TOPIC) as (address, _):
        ended = simulate(address, "--truth", str(tmp_path / "absent" / "truth.jsonl"))
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert "No such file or directory" in ended.stderr


def _end(address: str, partition: int) -> int:
    consumer = Consumer({"bootstrap.servers": address, "group.id": "test"})
    try:
        _, end = consumer.get_watermark_offsets(TopicPartition(TOPIC, partition), timeout=10)
    finally:
        consumer.close()
    return end
