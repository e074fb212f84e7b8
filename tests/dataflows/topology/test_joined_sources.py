"""Several sources in one file: windows on each, windows over both, alerts on all of them."""

import json
from collections.abc import Sequence
from itertools import count
from pathlib import Path

import polars as pl
import pytest
from bytewax.testing import run_main
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.flow_process import Shape, run_flow, running_flow
from benchmarks.private_copy import private_copy
from connectors.codecs.json_columns import JsonColumns
from connectors.memory.sink import MemorySink
from connectors.memory.source import Held, MemorySource
from dataflows.analytics import build
from dataflows.topology.outputs import Sinks
from operators.intake.intake import Intake, IntakeState
from operators.intake.plan import plan_intake
from operators.progress.board import ProgressBoard
from tests.dataflows.heat import BASE_MS
from tests.dataflows.interrupted import ask_to_end, wait
from tests.fuzz import times
from tests.services.kafka import Kafka
from tidegauge.spec.loader import parse_pipeline
from tidegauge.spec.models import Pipeline

PIPELINE = """\
version: 1
pipeline: joined
sources:
  cards:
    kafka: {topic: cards}
    event_time: {field: ts, format: epoch_ms, out_of_orderness: 1s}
    fields: {k: {type: string}, v: {type: int}}
  transfers:
    kafka: {topic: transfers}
    event_time: {field: at, format: epoch_ms, out_of_orderness: 5s, lateness: 20s}
    fields: {k: {type: string}, v: {type: int}, more: {type: bool}}
windows:
  of_cards: {from: cards, tumbling: {size: 10s}, by: [k], select: {total: sum(v)}}
  of_transfers: {from: transfers, tumbling: {size: 10s}, by: [k], select: {total: sum(v)}}
  of_both:
    from: [cards, transfers]
    sliding: {size: 20s, every: 10s}
    by: [k]
    select: {total: sum(v), events: count(*), newest: last(v)}
alerts:
  card: {when: of_cards.total > 50}
  transfer: {when: of_transfers.total > 50}
  both: {when: of_both.total > 80}
output:
  kafka: {}
"""
Event = tuple[int, str, int]
"""Second, key and value."""


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    return parse_pipeline(PIPELINE, "f.yaml", Path(), {})


def messages(time_field: str, events: Sequence[Event]) -> list[bytes]:
    """Events as messages."""
    return [
        json.dumps({time_field: BASE_MS + s * 1_000, "k": k, "v": v}).encode() for s, k, v in events
    ]


def results(
    pipeline: Pipeline, cards: list[list[Event]], transfers: list[Event], batch_size: int
) -> pl.DataFrame:
    """First results of the joined window, from two partitions of cards and one of transfers."""
    board, sink = ProgressBoard(), MemorySink()

    def source(name: str, field: str, partitions: list[list[Event]]) -> MemorySource:
        plan = plan_intake(name, pipeline.sources[name], JsonColumns)
        held = [[Held(one, 2**42) for one in messages(field, part)] for part in partitions]

        def make_intake(number: int, saved: IntakeState | None) -> Intake:
            return Intake(plan, number, len(held), board, saved or IntakeState())

        return MemorySource(held, make_intake, batch_size)

    sources = {
        "cards": source("cards", "ts", cards),
        "transfers": source("transfers", "at", [transfers]),
    }
    run_main(build(pipeline, sources, Sinks(store=sink)))  # type: ignore[no-untyped-call]  # it has no types
    frames = [one.frame for one in sink.records if one.signal == "of_both"]
    schema = {"s": pl.Int64, "k": pl.String, "total": pl.Int64, "events": pl.Int64}
    if not frames:
        return pl.DataFrame(schema=schema)
    seconds = (pl.col("time_ns") // 1_000_000_000 - BASE_MS // 1_000).alias("s")
    return (
        pl.concat(frames)
        .filter(pl.col("revision") == 0)
        .select(seconds, "k", "total", "events")
        .sort("s", "k")
    )


def expected(events: Sequence[Event]) -> pl.DataFrame:
    """What a look at all events gives."""
    totals: dict[tuple[int, str], tuple[int, int]] = {}
    for second, key, value in events:
        start = second // 10 * 10
        for end in (start + 10, start + 20):
            total, events_of = totals.get((end, key), (0, 0))
            totals[end, key] = total + value, events_of + 1
    rows = [(end, key, *found) for (end, key), found in totals.items()]
    schema = {"s": pl.Int64, "k": pl.String, "total": pl.Int64, "events": pl.Int64}
    return pl.DataFrame(rows, schema, orient="row").sort("s", "k")


EVENTS = st.lists(
    st.tuples(st.integers(0, 99), st.sampled_from("ab"), st.integers(0, 9)), max_size=12
).map(sorted)


@settings(max_examples=times(15))
@given(EVENTS, EVENTS, EVENTS, st.sampled_from([1, 3, 100]))
def test_a_window_over_both_holds_the_events_of_both(
    pipeline: Pipeline, one: list[Event], two: list[Event], other: list[Event], batch_size: int
) -> None:
    found = results(pipeline, [one, two], other, batch_size)
    assert found.equals(expected([*one, *two, *other]))


def test_each_source_brings_its_own_disorder(pipeline: Pipeline) -> None:
    """3 s behind is late among cards, and on time among transfers."""
    cards, transfers = [(8, "a", 1), (5, "a", 1)], [(8, "a", 10), (5, "a", 10)]
    found = results(pipeline, [cards, []], transfers, 1)
    assert found.rows() == [(10, "a", 21, 3), (20, "a", 21, 3)]


def test_two_topics_of_a_broker(tmp_path: Path, kafka: Kafka) -> None:
    file = tmp_path / "joined.yaml"
    file.write_text(PIPELINE)
    cards = [(second, "a", 6) for second in range(60)]
    transfers = [(second, "b" if second < 30 else "a", 7) for second in range(60)]
    with private_copy(file, tmp_path, kafka, None) as copy:
        producer = kafka.producer()
        for name, field, events in (("cards", "ts", cards), ("transfers", "at", transfers)):
            topic = kafka.topic(copy.pipeline.sources[name].kafka.topic, partitions=2)
            for number, one in enumerate(messages(field, events)):
                producer.produce(topic, one, partition=number % 2)
        producer.flush()
        run_flow(copy.path, Shape(workers=2), copy.environment)
        rows = [
            (int(row["time_ns"]) // 10**9 - BASE_MS // 1_000, row["k"], row["total"], row["events"])
            for row in copy.records("of_both")
        ]
        assert sorted(rows) == expected([*cards, *transfers]).rows()
        assert len(copy.records("of_cards")) == 6
        assert len(copy.records("of_transfers")) == 6
        firing = {row["alert"] for row in copy.records("alerts") if row["state"] == "firing"}
        assert firing == {"card", "transfer", "both"}


def test_a_source_that_falls_silent_does_not_hold_the_windows_back(
    tmp_path: Path, kafka: Kafka
) -> None:
    file = tmp_path / "joined.yaml"
    text = PIPELINE.replace("5s, lateness: 20s", "0s, idle_after: 1s")
    file.write_text(text.replace("size: 20s, every: 10s", "size: 2s, every: 1s"))
    with private_copy(file, tmp_path, kafka, None) as copy:
        topics = {
            name: kafka.topic(source.kafka.topic, partitions=1)
            for name, source in copy.pipeline.sources.items()
        }
        producer = kafka.producer()
        producer.produce(topics["transfers"], messages("at", [(0, "b", 1)])[0])
        seconds = count()

        def closed() -> bool:
            producer.produce(topics["cards"], messages("ts", [(next(seconds), "a", 1)])[0])
            producer.flush()
            ends = {int(row["time_ns"]) // 10**9 for row in copy.records("of_both")}
            return BASE_MS // 1_000 + 3 in ends

        with running_flow(copy.path, Shape(), copy.environment) as members:
            wait(closed, members)
            ask_to_end(members)
