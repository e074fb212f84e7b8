"""Two sources that read one topic: what the flow tells of each is held beside the other's."""

import json
from pathlib import Path

import polars as pl

from connectors.codecs.json_columns import JsonColumns
from connectors.memory.sink import MemorySink
from connectors.memory.source import Held, MemorySource
from dataflows.analytics import build
from dataflows.topology.outputs import Sinks
from operators.intake.intake import partition_intake
from operators.intake.plan import plan_intake
from tests.operators.keygroups.engine import run
from tidegauge.catalogue import FLOW, LEDGER, catalogue_of
from tidegauge.records import TIME_NS
from tidegauge.spec.loader import parse_pipeline

PIPELINE = """\
version: 1
pipeline: twice
sources:
  large:
    kafka: {topic: t}
    event_time: {field: ts, format: epoch_ms, max_future: 3000d}
    fields: {v: {type: int}}
    filter: "v > 3"
  all:
    kafka: {topic: t}
    event_time: {field: ts, format: epoch_ms, max_future: 3000d}
    fields: {v: {type: int}}
windows:
  w: {from: [large, all], tumbling: {size: 10s}, select: {n: count(*)}}
output: {kafka: {}}
"""


def test_each_source_has_records_of_its_own() -> None:
    pipeline = parse_pipeline(PIPELINE, "f.yaml", Path(), {})
    events = [json.dumps({"ts": number * 1_000, "v": number}).encode() for number in range(10)]
    messages = [[Held(event, 5_000) for event in events]]
    sources = {}
    for name, source in pipeline.sources.items():
        plan = plan_intake(name, source, JsonColumns)
        sources[name] = MemorySource(messages, partition_intake(plan, 1), 4)
    sink = MemorySink()
    run(build(pipeline, sources, Sinks(store=sink)), 1)
    newest = {}
    for signal in (FLOW, LEDGER):
        found = pl.concat([one.frame for one in sink.records if one.signal == signal])
        # What a store takes for one record and the next of it.
        tags = [tag.name for tag in catalogue_of(pipeline)[signal].tags]
        by = [*tags, TIME_NS] if signal == LEDGER else tags
        kept = found.unique(by, keep="last", maintain_order=True)
        newest[signal] = sorted(kept.select("source", "on_time", "filtered").rows())
    assert newest == {signal: [("all", 10, 0), ("large", 6, 4)] for signal in (FLOW, LEDGER)}
