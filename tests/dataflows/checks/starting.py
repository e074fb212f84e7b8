"""Checking a generated file as `tidegauge check` does, and starting it as `test` and `run` do."""

import json
import re
from pathlib import Path
from typing import Any

import polars as pl
from bytewax.testing import run_main

from connectors.codecs.events_json import EventJson
from connectors.codecs.records_json import RecordJson
from connectors.embedded.store import Store
from connectors.influxdb.lines import LineEncoder
from connectors.memory.sink import MemorySink
from connectors.memory.source import Held
from dataflows.analytics import build
from dataflows.checks.selftest import memory_source
from dataflows.connections.tables import stand_ins
from dataflows.topology.outputs import Sinks
from operators.progress.board import ProgressBoard
from tests.dataflows.checks.generated_files import GeneratedFile
from tidegauge.batch import APPENDED
from tidegauge.catalogue import catalogue_of
from tidegauge.records import RecordBatch
from tidegauge.signals import SignalKind
from tidegauge.spec.loader import load_pipeline
from tidegauge.spec.mistakes import Mistakes

PLACES = "place,size,height\na,1,1.5\nb,2,\n12,,0.5\n"
_ROUNDS = 9
_NEEDED = {"on", "when", "match", "from", "detector", "expr"}
"""Keys that a declaration is nothing without."""
SENT_MS = 1_800_000_000_000
"""Kafka timestamp of all messages, later than their events."""


def written(generated: GeneratedFile, folder: Path) -> Path:
    """The file, and the table that it names."""
    (folder / "places.csv").write_text(PLACES)
    file = folder / "generated.yaml"
    file.write_text(json.dumps(generated.document))
    return file


def sound(generated: GeneratedFile, folder: Path) -> bool:
    """Take out of a file what a check finds wrong, until it finds nothing; whether that is so."""
    for _ in range(_ROUNDS):
        try:
            load_pipeline(written(generated, folder))
        except Mistakes as found:
            for mistake in found.mistakes:
                _take_out(generated.document, re.findall(r"[^.\[\]]+", mistake.key))
        else:
            return True
    return False


def _take_out(document: dict[str, Any], path: list[str]) -> None:
    """Remove what is at a path: the last part of it that is not needed for the rest."""
    while path and (path[-1] in _NEEDED or path[-1].isdigit()):
        path = path[:-1]
    for depth in range(len(path), 0, -1):
        owner: Any = document
        for part in path[: depth - 1]:
            owner = owner.get(part, {}) if isinstance(owner, dict) else {}
        if isinstance(owner, dict) and path[depth - 1] in owner:
            del owner[path[depth - 1]]
            return


def start(generated: GeneratedFile, folder: Path) -> None:
    """Run messages through the flow of a file, and write what comes out as every sink does."""
    pipeline = load_pipeline(folder / "generated.yaml")
    tables = stand_ins(pipeline, folder, {})
    messages = [Held(line, SENT_MS) for line in generated.messages]
    stored, sent = MemorySink(), MemorySink()
    board = ProgressBoard()
    sources = {
        name: memory_source(name, pipeline, messages if name == "one" else [], board, tables)
        for name in pipeline.sources
    }
    run_main(build(pipeline, sources, Sinks(store=stored, kafka=sent)))  # type: ignore[no-untyped-call]  # it has no types
    catalogue = catalogue_of(pipeline)
    for batch in [*stored.records, *sent.records]:
        signal = catalogue[batch.signal]
        LineEncoder(signal, pipeline.labels).lines(batch)
        if signal.kind is SignalKind.EVENT:
            # Messages in memory keep no Kafka timestamp.
            stamped = batch.frame.with_columns(pl.lit(SENT_MS).alias(APPENDED))
            EventJson(signal).messages(RecordBatch(batch.signal, stamped), "out")
        else:
            RecordJson(signal, pipeline.pipeline, pipeline.labels).messages(batch, "out")
    (folder / "store.db").unlink(missing_ok=True)
    store = Store(folder / "store.db", catalogue)
    store.write([batch for batch in stored.records if batch.signal in catalogue.signals])
    store.close()
