"""One run of one contestant of the throughput benchmark, in a process of its own.

    python -m benchmarks.contestants bare|flow|stock TOPIC EVENTS PARTITIONS

Prints one JSON object: `events` counted, `rows` of windows (null for the bare consumer), `seconds`
from the first message to the last result, `cpu_seconds` of the process in that time. The broker's
address is in `KAFKA_BOOTSTRAP`.
"""

import json
import math
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import bytewax.operators as op
import bytewax.operators.windowing as win
import orjson
from bytewax.connectors.kafka import KafkaSource as StockKafkaSource
from bytewax.dataflow import Dataflow
from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition
from bytewax.outputs import DynamicSink, StatelessSinkPartition
from bytewax.testing import run_main
from confluent_kafka import Consumer, TopicPartition

from connectors.kafka.source import CONSUMER_CONFIG
from dataflows.analytics import build
from dataflows.servers import Sinks, connect_sources
from tidegauge.batch import EventBatch
from tidegauge.records import RecordBatch
from tidegauge.settings import Settings, read_settings
from tidegauge.spec.models import Pipeline

WINDOW_S = 10
OUT_OF_ORDERNESS_S = 2


def now() -> tuple[float, float]:
    """Wall and processor seconds."""
    return time.perf_counter(), time.process_time()


@dataclass(frozen=True)
class Task:
    """What a contestant is to read."""

    topic: str
    events: int
    partitions: int
    settings: Settings


@dataclass
class Tally:
    """What a run has done so far."""

    events: int = 0
    rows: int | None = None
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    _started: tuple[float, float] | None = field(default=None, repr=False)

    def start(self, at: tuple[float, float] | None = None) -> None:
        """Begin to count time, at the first message."""
        if self._started is None:
            self._started = at or now()

    def stop(self) -> None:
        """The last result is there."""
        assert self._started is not None
        self.seconds = time.perf_counter() - self._started[0]
        self.cpu_seconds = time.process_time() - self._started[1]


class _Count(DynamicSink[Any]):
    """Counts what it is given and throws it away."""

    def __init__(self, count: Callable[[list[Any]], None]) -> None:
        self._count = count

    def build(self, step_id: str, worker_index: int, worker_count: int) -> "_CountPartition":
        return _CountPartition(self._count)


class _CountPartition(StatelessSinkPartition[Any]):
    def __init__(self, count: Callable[[list[Any]], None]) -> None:
        self._count = count

    def write_batch(self, items: list[Any]) -> None:
        self._count(items)


class _Timed(FixedPartitionedSource[EventBatch, Any]):
    """A source whose first batch with events starts the clock, from before it was read."""

    def __init__(self, source: FixedPartitionedSource[EventBatch, Any], tally: Tally) -> None:
        self._source = source
        self._tally = tally

    def list_parts(self) -> list[str]:
        return self._source.list_parts()

    def build_part(self, step_id: str, for_part: str, resume_state: Any) -> "_TimedPartition":
        return _TimedPartition(
            self._source.build_part(step_id, for_part, resume_state), self._tally
        )


class _TimedPartition(StatefulSourcePartition[EventBatch, Any]):
    def __init__(self, partition: StatefulSourcePartition[EventBatch, Any], tally: Tally) -> None:
        self._partition = partition
        self._tally = tally

    def next_batch(self) -> Iterable[EventBatch]:
        before = now()
        batches = self._partition.next_batch()
        if any(batch.counts.read for batch in batches):
            self._tally.start(before)
        return batches

    def next_awake(self) -> datetime | None:
        return self._partition.next_awake()

    def snapshot(self) -> Any:
        return self._partition.snapshot()

    def close(self) -> None:
        self._partition.close()


def bare(task: Task) -> Tally:
    """A consumer that takes each message's value and nothing else."""
    tally = Tally()
    consumer = Consumer(
        {
            **CONSUMER_CONFIG,
            "bootstrap.servers": task.settings.kafka_bootstrap,
            "group.id": "benchmark-bare",
            "enable.partition.eof": False,
            "queued.max.messages.kbytes": 262_144,
        }
    )
    consumer.assign([TopicPartition(task.topic, number, 0) for number in range(task.partitions)])
    while tally.events < task.events:
        messages = consumer.consume(10_000, 1.0)
        if messages:
            tally.start()
        tally.events += len([message.value() for message in messages])
    tally.stop()
    consumer.close()
    return tally


def flow(task: Task) -> Tally:
    """The analytics flow with one tumbling window; its records are counted and thrown away."""
    tally = Tally(rows=0)
    pipeline = Pipeline.model_validate(
        {
            "version": 1,
            "pipeline": "benchmark",
            "sources": {
                "events": {
                    "kafka": {"topic": task.topic},
                    "event_time": {
                        "field": "ts",
                        "format": "epoch_ms",
                        "out_of_orderness": f"{OUT_OF_ORDERNESS_S}s",
                    },
                    "fields": {"sensor_id": {"type": "string"}, "value": {"type": "float"}},
                }
            },
            "windows": {
                "readings": {
                    "from": "events",
                    "tumbling": {"size": f"{WINDOW_S}s"},
                    "by": ["sensor_id"],
                    "select": {
                        "count": "count(*)",
                        "total": "sum(value)",
                        "average": "avg(value)",
                        "lowest": "min(value)",
                        "highest": "max(value)",
                        "deviation": "std_dev(value)",
                    },
                }
            },
        }
    )

    def count(items: list[tuple[str, RecordBatch]]) -> None:
        for _, records in items:
            if records.signal == "readings":
                tally.rows = (tally.rows or 0) + len(records)
                tally.events += int(records.frame["count"].sum())

    sources = {
        name: _Timed(source, tally)
        for name, source in connect_sources(pipeline, task.settings).items()
    }
    run_main(build(pipeline, sources, Sinks(store=_Count(count))))  # type: ignore[no-untyped-call]  # it has no types
    tally.stop()
    return tally


def stock(task: Task) -> Tally:
    """The same windows with Bytewax's own Kafka source, event clock and `fold_window`."""
    tally = Tally(rows=0)

    def decode(messages: list[Any]) -> list[tuple[str, Any]]:
        tally.start()
        decoded = [orjson.loads(message.value) for message in messages]
        return [(event["sensor_id"], event) for event in decoded]

    def fold(held: list[float], event: dict[str, Any]) -> list[float]:
        value = event["value"]
        held[0] += 1
        held[1] += value
        held[2] += value * value
        held[3] = min(held[3], value)
        held[4] = max(held[4], value)
        return held

    def merge(one: list[float], other: list[float]) -> list[float]:
        sums = [a + b for a, b in zip(one[:3], other[:3], strict=True)]
        return [*sums, min(one[3], other[3]), max(one[4], other[4])]

    def count(items: list[Any]) -> None:
        for _, (_, (number, total, squares, _, _)) in items:
            mean = total / number
            math.sqrt(max(squares / number - mean * mean, 0.0))
            tally.rows = (tally.rows or 0) + 1
            tally.events += number

    def late(items: list[Any]) -> list[Any]:
        tally.events += len(items)
        return []

    graph = Dataflow("stock")
    source = StockKafkaSource(
        [task.settings.kafka_bootstrap], [task.topic], tail=False, batch_size=1_000
    )
    keyed = op.flat_map_batch("decode", op.input("read", graph, source), decode)
    clock: win.EventClock[dict[str, Any]] = win.EventClock(
        ts_getter=lambda event: datetime.fromtimestamp(event["ts"] / 1e3, UTC),
        wait_for_system_duration=timedelta(seconds=OUT_OF_ORDERNESS_S),
    )
    windower = win.TumblingWindower(
        length=timedelta(seconds=WINDOW_S), align_to=datetime(1970, 1, 1, tzinfo=UTC)
    )
    out = win.fold_window(
        "windows",
        keyed,
        clock,
        windower,
        lambda: [0, 0.0, 0.0, math.inf, -math.inf],
        fold,
        merge,
        ordered=False,
    )
    op.output("out", out.down, _Count(count))
    op.output("late", op.flat_map_batch("count_late", out.late, late), _Count(lambda _: None))
    run_main(graph)  # type: ignore[no-untyped-call]  # it has no types
    tally.stop()
    return tally


CONTESTANTS = {"bare": bare, "flow": flow, "stock": stock}


def main() -> None:
    """Run the contestant that the command line names."""
    name, topic, events, partitions = sys.argv[1:5]
    tally = CONTESTANTS[name](Task(topic, int(events), int(partitions), read_settings()))
    result = asdict(tally)
    del result["_started"]
    print(json.dumps(result))


if __name__ == "__main__":
    main()
