"""How long after the broker has an event readers of committed messages see what follows from it.

    python -m benchmarks.epochs --epoch 100ms --epoch 1s --json

The flow writes every processed event exactly once, so that it is visible when its epoch has ended.
A reader with `isolation.level=read_committed` notes when it gets it; the broker stamped when it got
the event. Both clocks are this machine's.
"""

import json
import tempfile
import time
from pathlib import Path
from threading import Event, Thread
from typing import Annotated, Any

import numpy as np
import typer
from bytewax.recovery import init_db_dir
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, TopicPartition
from rich.console import Console
from rich.table import Table
from ruamel.yaml import YAML

from benchmarks.flow_process import FlowFailedError, Member, Shape, running_flow
from dataflows.lifecycle.invocation import epoch_ns
from tests.services.errors import ServerUnavailableError
from tests.services.kafka import Kafka, running_kafka
from tests.services.names import unique
from tidegauge.errors import TidegaugeError

MARGIN_MS = 100
"""The 99th percentile may be an epoch and this."""
PARTITIONS = 4
KEYS = 100
_TURNS = 100
_WARM_UP_S = 3
_LONGEST_START_S = 60


class Reader:
    """Reads committed messages and notes how late each event is, in milliseconds."""

    def __init__(self, kafka: Kafka, topic: str) -> None:
        config = {"bootstrap.servers": kafka.bootstrap, "group.id": unique("reader")}
        committed = {"isolation.level": "read_committed", "fetch.wait.max.ms": 5}
        self._consumer = Consumer({**config, **committed, "enable.auto.commit": False})
        self._consumer.assign(
            [TopicPartition(topic, n, OFFSET_BEGINNING) for n in kafka.end_offsets(topic)]
        )
        self.late_ms: list[tuple[int, float]] = []
        self._ended = Event()
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop reading."""
        self._ended.set()
        self._thread.join()
        self._consumer.close()

    def _run(self) -> None:
        while not self._ended.is_set():
            messages = self._consumer.consume(5_000, 0.005)
            now_ms = time.time() * 1_000
            for message in messages:
                stamp = dict(message.headers() or []).get("timestamp")
                if stamp is not None:
                    appended = int(stamp)
                    self.late_ms.append((appended, now_ms - appended))


def main(
    epoch: Annotated[list[str] | None, typer.Option(help="Lengths of epochs.")] = None,
    seconds: Annotated[int, typer.Option(min=3, help="How long each is measured.")] = 20,
    rate: Annotated[int, typer.Option(min=100, help="Events a second.")] = 5_000,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure epochs one after the other.

    Exit code 0: the 99th percentile of each is within an epoch and 100 ms; 1: not; 2: could not
    run. The broker is that of `KAFKA_BOOTSTRAP`, else one of its own.
    """
    try:
        with running_kafka() as kafka:
            rows = [measure(kafka, one, seconds, rate) for one in epoch or ["1s", "100ms"]]
    except (
        ServerUnavailableError,
        FlowFailedError,
        KafkaException,
        TidegaugeError,
        ValueError,
        OSError,
    ) as error:
        Console(stderr=True).print(f"could not run: {error}", markup=False)
        raise typer.Exit(2) from None
    if as_json:
        typer.echo(json.dumps({"seconds": seconds, "rate": rate, "rows": rows}, indent=1))
    else:
        table = Table("epoch", "events", "p50 ms", "p99 ms", "goal ms", "")
        for row in rows:
            mark = "met" if row["met"] else "MISSED"
            names = ("epoch", "events", "p50_ms", "p99_ms", "goal_ms")
            table.add_row(*(str(row[name]) for name in names), mark)
        Console().print(table)
    raise typer.Exit(0 if all(row["met"] for row in rows) else 1)


def measure(kafka: Kafka, epoch: str, seconds: int, rate: int) -> dict[str, Any]:
    """One row.

    Raises:
        FlowFailedError: the flow ended, or events are missing.
    """
    goal_ms = epoch_ns(epoch) / 1e6 + MARGIN_MS
    name = unique("epochs")
    source, output = f"{name}-in", f"{name}-out"
    kafka.topic(source, partitions=PARTITIONS, config={"message.timestamp.type": "LogAppendTime"})
    kafka.topic(output, partitions=2)
    try:
        with tempfile.TemporaryDirectory() as folder:
            file, state = Path(folder) / "epochs.yaml", Path(folder) / "state"
            with file.open("w", encoding="utf-8") as opened:
                YAML().dump(_pipeline(name, source, output), opened)
            state.mkdir()
            init_db_dir(state, 4)  # type: ignore[no-untyped-call]  # it has no types
            options = ["-r", str(state), "-s", epoch, "-b", "0"]
            environment = {"KAFKA_BOOTSTRAP": kafka.bootstrap, "KAFKA_FETCH_WAIT_MS": "50"}
            launcher = "dataflows.launch"
            with running_flow(file, Shape(), environment, options, launcher) as (member,):
                late_ms = _late_ms(kafka, (source, output), member, seconds, rate)
    finally:
        for topic in kafka.admin().list_topics().topics:
            if topic.startswith(name):
                kafka.delete_topic(topic)
    if len(late_ms) < 0.9 * rate * seconds:
        raise FlowFailedError(f"{len(late_ms)} events came of {rate * seconds}")
    p50, p99 = (round(float(np.quantile(late_ms, share)), 1) for share in (0.5, 0.99))
    row = {"epoch": epoch, "events": len(late_ms), "p50_ms": p50, "p99_ms": p99}
    return {**row, "goal_ms": goal_ms, "met": p99 <= goal_ms}


def _late_ms(
    kafka: Kafka, topics: tuple[str, str], member: Member, seconds: int, rate: int
) -> list[float]:
    source, output = topics
    reader = Reader(kafka, output)
    try:
        for _ in range(_LONGEST_START_S):
            _write(kafka, source, 1, rate, member)
            if reader.late_ms:
                break
        _write(kafka, source, _WARM_UP_S, rate, member)
        from_ms = time.time() * 1_000
        _write(kafka, source, seconds, rate, member)
        time.sleep(_WARM_UP_S)
    finally:
        reader.close()
    return [late for appended, late in reader.late_ms if appended >= from_ms]


def _write(kafka: Kafka, topic: str, seconds: int, rate: int, member: Member) -> None:
    if member.process.poll() is not None:
        raise FlowFailedError(f"the flow has ended: {member.output[-2_000:]}")
    producer = kafka.producer()
    started = time.time()
    for turn in range(seconds * _TURNS):
        time.sleep(max(started + turn / _TURNS - time.time(), 0))
        now_ms = int(time.time() * 1_000)
        for number in range(rate // _TURNS):
            value = b'{"key":"k%d","ts":%d}' % (number % KEYS, now_ms)
            producer.produce(topic, value, partition=number % PARTITIONS)
        producer.poll(0)
    producer.flush()


def _pipeline(name: str, source: str, output: str) -> dict[str, Any]:
    time_ = {"field": "ts", "format": "epoch_ms", "out_of_orderness": "100ms"}
    read = {"topic": source, "start": "earliest"}
    kafka = {"topic": output, "critical_topic": f"{name}-critical", "events": True}
    window = {"from": "events", "tumbling": {"size": "1s"}, "by": ["key"]}
    return {
        "version": 1,
        "pipeline": name,
        "sources": {
            "events": {"kafka": read, "event_time": time_, "fields": {"key": {"type": "string"}}}
        },
        "windows": {"keys": {**window, "select": {"count": "count(*)"}}},
        "output": {"kafka": {**kafka, "delivery": "exactly_once"}},
    }


if __name__ == "__main__":
    typer.run(main)
