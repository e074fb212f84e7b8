"""The whole flow of a pipeline in this process, and its records as every sink writes them."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
from bytewax.testing import run_main

from connectors.codecs.frames import merged
from connectors.codecs.json_columns import JsonColumns
from connectors.embedded.store import Store
from connectors.influxdb.lines import LineEncoder
from connectors.kafka.routes import Routes
from connectors.live.hub import Hub
from connectors.live.store_source import StoreSource
from connectors.memory.sink import MemorySink
from connectors.memory.source import Held, MemorySource
from dataflows.analytics import build
from dataflows.connections.tables import stand_ins
from dataflows.topology.outputs import Sinks
from operators.intake.intake import Intake, IntakeState
from operators.intake.plan import plan_intake
from operators.progress.board import ProgressBoard
from tidegauge.catalogue import catalogue_of
from tidegauge.records import RecordBatch
from tidegauge.spec.models import Pipeline

SENT_MS = 1_800_000_000_000
BATCH = 3


@dataclass(frozen=True)
class Made:
    """Records of a run: those for the store, and those for Kafka."""

    stored: list[RecordBatch]
    sent: list[RecordBatch]

    def rows(self, signal: str) -> list[dict[str, Any]]:
        """Records of a signal, in their order."""
        frames = [batch.frame for batch in self.stored if batch.signal == signal]
        return pl.concat(frames).to_dicts() if frames else []


def held(events: Iterable[Mapping[str, Any]]) -> list[Held]:
    """Events as messages."""
    return [Held(json.dumps(event).encode(), SENT_MS) for event in events]


def run(
    pipeline: Pipeline, messages: list[Held], folder: Path = Path(), batch: int = BATCH
) -> Made:
    """Run the flow over one partition of every source."""
    board = ProgressBoard()
    tables = stand_ins(pipeline, folder, {})
    sources = {}
    for name, source in pipeline.sources.items():
        plan = plan_intake(
            name,
            source,
            JsonColumns,
            zone=ZoneInfo(pipeline.timezone),
            keep_appended=True,
            tables=tables,
        )

        def make(number: int, saved: IntakeState | None, plan: Any = plan) -> Intake:
            return Intake(plan, number, 1, board, saved or IntakeState())

        sources[name] = MemorySource([messages], make, batch)
    store, kafka = MemorySink(), MemorySink()
    run_main(build(pipeline, sources, Sinks(store, kafka), clock_ns=lambda: 7))  # type: ignore[no-untyped-call]  # it has no types
    return Made(store.records, kafka.records)


def write_everywhere(pipeline: Pipeline, made: Made, path: Path) -> Hub:
    """Write the records as SQLite, InfluxDB and Kafka get them; what a live page reads of them."""
    catalogue = catalogue_of(pipeline)
    store = Store(path, catalogue)
    store.write(made.stored)
    for batch in merged(made.stored):
        LineEncoder(catalogue[batch.signal], catalogue.constant_tags).lines(batch)
    routes = Routes(catalogue, pipeline.output.kafka, "dead")
    for batch in merged(made.sent):
        for message in routes(batch):
            json.loads(message.value or b"{}")
    store.close()
    hub, source = Hub(pipeline, catalogue, 100), StoreSource(path, catalogue)
    hub.begin(7)
    polled = source.poll()
    if polled is not None:
        hub.take(polled)
    source.close()
    return hub
