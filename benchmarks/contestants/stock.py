"""Stock Bytewax: its own Kafka source, event clock and windows."""

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import bytewax.operators as op
import bytewax.operators.windowing as win
import orjson
from bytewax.connectors.kafka import KafkaSource
from bytewax.dataflow import Dataflow
from bytewax.testing import run_main

from benchmarks.contestants.counting import Count
from benchmarks.contestants.task import Tally, Task
from benchmarks.load import OUT_OF_ORDERNESS_MS
from tidegauge.settings import Settings


def stock(task: Task, settings: Settings) -> Tally:
    """The same windows with Bytewax's own Kafka source, event clock and `fold_window`."""
    tally = Tally(rows=0)

    def decode(messages: list[Any]) -> list[tuple[str, Any]]:
        tally.start()
        tally.read += len(messages)
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
        tally.result()

    def late(items: list[Any]) -> list[Any]:
        tally.events += len(items)
        return []

    graph = Dataflow("stock")
    source = KafkaSource([settings.kafka_bootstrap], [task.topic], tail=False, batch_size=1_000)
    keyed = op.flat_map_batch("decode", op.input("read", graph, source), decode)
    clock: win.EventClock[dict[str, Any]] = win.EventClock(
        ts_getter=lambda event: datetime.fromtimestamp(event["ts"] / 1e3, UTC),
        wait_for_system_duration=timedelta(milliseconds=OUT_OF_ORDERNESS_MS),
    )
    size, epoch = timedelta(seconds=task.size_s), datetime(1970, 1, 1, tzinfo=UTC)
    windower: win.Windower[Any] = win.TumblingWindower(length=size, align_to=epoch)
    if task.every_s != task.size_s:
        offset = timedelta(seconds=task.every_s)
        windower = win.SlidingWindower(length=size, offset=offset, align_to=epoch)
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
    op.output("out", out.down, Count(count))
    op.output("late", op.flat_map_batch("count_late", out.late, late), Count(lambda _: None))
    run_main(graph)  # type: ignore[no-untyped-call]  # it has no types
    tally.events //= task.size_s // task.every_s
    return tally
