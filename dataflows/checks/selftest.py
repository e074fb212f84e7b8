"""A pipeline file's own tests: the same flow over messages from a file, records into memory."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
from bytewax.errors import BytewaxRuntimeError
from bytewax.testing import run_main

from connectors.codecs.json_columns import JsonColumns
from connectors.memory.sink import MemorySink
from connectors.memory.source import Held, MemorySource
from dataflows.analytics import build
from dataflows.connections.tables import stand_ins
from dataflows.lifecycle.startup import error_of_ours
from dataflows.topology.outputs import Sinks
from operators.enrichment.table import LookupTable
from operators.intake.intake import Intake, IntakeState
from operators.intake.plan import NO_TABLES, plan_intake
from operators.intake.sensitive import KeyedHash
from operators.predictions.plan import PredictionPlan, plan_predictions
from operators.progress.board import ProgressBoard
from tidegauge.catalogue import FINAL, STATE, catalogue_of, held_columns, sensitive_columns
from tidegauge.errors import UserMistake
from tidegauge.records import RecordBatch
from tidegauge.signals import SignalKind
from tidegauge.spec.models import Expectation, FileTest, Pipeline, Window

_BATCH = 1_000
_HASH = KeyedHash("what is tested is stored nowhere")


@dataclass(frozen=True)
class Observed:
    """What a flow gave for a file of messages.

    Attributes:
        alerts: names of the alerts that fired.
        anomalies: names of the anomalies that were found.
        windows: number of final rows of each window.
        patterns: number of matches of each pattern.
        dead_letters: number of refused messages.
    """

    alerts: frozenset[str]
    anomalies: frozenset[str]
    windows: dict[str, int]
    patterns: dict[str, int]
    dead_letters: int


def run_file_test(pipeline: Pipeline, folder: Path, test: FileTest) -> list[str]:
    """Run one test; what it finds different from what it expects, a line each.

    Args:
        pipeline: the pipeline that is tested.
        folder: where the pipeline file is.
        test: one of its tests.

    Raises:
        UserMistake: the events or tables cannot be read, or go to an unknown source, or a model
            cannot be used.
    """
    messages = _messages(folder / test.events)
    tables = stand_ins(pipeline, folder, test.tables)
    models = plan_predictions(pipeline, folder)
    return _differences(test.expect, observe(pipeline, messages, test.source, tables, models))


def observe(
    pipeline: Pipeline,
    messages: list[Held],
    source: str | None = None,
    tables: Mapping[str, LookupTable] = NO_TABLES,
    predictions: Sequence[PredictionPlan] = (),
) -> Observed:
    """Run the flow over messages of one partition until every window is closed."""
    records = _run(pipeline, messages, _source_of(pipeline, source), tables, predictions)
    frames: dict[str, list[pl.DataFrame]] = {}
    for batch in records:
        frames.setdefault(batch.signal, []).append(batch.frame)
    catalogue = catalogue_of(pipeline)
    alerts: set[str] = set()
    anomalies: set[str] = set()
    windows = dict.fromkeys(pipeline.windows, 0)
    patterns = dict.fromkeys(pipeline.patterns, 0)
    dead = 0
    for name, parts in frames.items():
        match catalogue[name].kind:
            case SignalKind.ALERT:
                for part in parts:
                    alerts.update(part.filter(pl.col("state") == "firing")["alert"])
            case SignalKind.ANOMALY:
                anomalies.add(name)
            case SignalKind.WINDOW:
                windows[name] = _final_rows(parts, pipeline.windows[name])
            case SignalKind.MATCH if name in patterns:
                patterns[name] = sum(part.height for part in parts)
            case SignalKind.DEAD_LETTER:
                dead += sum(part.height for part in parts)
    return Observed(frozenset(alerts), frozenset(anomalies), windows, patterns, dead)


def _final_rows(parts: list[pl.DataFrame], window: Window) -> int:
    """Rows of a window that are left when all is written: without sessions that are superseded."""
    identity = ["time_ns", *window.by]
    if not window.session:
        return pl.concat(part.select(identity) for part in parts).n_unique()
    rows = pl.concat(part.select(*identity, STATE) for part in parts)
    # The last of the same time and key has overwritten the others.
    left = rows.unique(identity, keep="last", maintain_order=True)
    return left.filter(pl.col(STATE) == FINAL).height


def _run(
    pipeline: Pipeline,
    messages: list[Held],
    source: str,
    tables: Mapping[str, LookupTable],
    predictions: Sequence[PredictionPlan],
) -> list[RecordBatch]:
    board = ProgressBoard()
    sources = {
        name: memory_source(name, pipeline, messages if name == source else [], board, tables)
        for name in pipeline.sources
    }
    sink = MemorySink()
    try:
        graph = build(pipeline, sources, Sinks(store=sink), predictions=predictions)
        run_main(graph)  # type: ignore[no-untyped-call]  # it has no types
    except BytewaxRuntimeError as error:
        if ours := error_of_ours(error):
            raise UserMistake(str(ours)) from None
        raise
    return sink.records


def memory_source(
    name: str,
    pipeline: Pipeline,
    messages: list[Held],
    board: ProgressBoard,
    tables: Mapping[str, LookupTable],
) -> MemorySource:
    """A source of a pipeline that reads messages from memory, as one partition."""
    zone = ZoneInfo(pipeline.timezone)
    source = pipeline.sources[name]
    plan = plan_intake(
        name,
        source,
        JsonColumns,
        zone=zone,
        tables=tables,
        sensitive=sensitive_columns(source, pipeline.tables),
        hash_text=_HASH,
        held=held_columns(pipeline, name),
    )

    def make_intake(number: int, saved: IntakeState | None) -> Intake:
        return Intake(plan, number, 1, board, saved or IntakeState())

    return MemorySource([messages], make_intake, _BATCH)


def _source_of(pipeline: Pipeline, name: str | None) -> str:
    if name in pipeline.sources:
        return name
    if name is None and len(pipeline.sources) == 1:
        return next(iter(pipeline.sources))
    raise UserMistake(f"tests: source is {name!r}; allowed is one of {', '.join(pipeline.sources)}")


def _messages(path: Path) -> list[Held]:
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise UserMistake(f"{path}: cannot be read: {error.strerror}") from None
    now_ms = time.time_ns() // 1_000_000
    return [Held(line, now_ms) for line in lines]


def _differences(expect: Expectation, found: Observed) -> list[str]:
    told = []
    for what, wanted, got in (
        ("alerts", expect.alerts, found.alerts),
        ("anomalies", expect.anomalies, found.anomalies),
    ):
        if wanted is not None and set(wanted) != got:
            told.append(f"{what}: expected {_names(set(wanted))}, found {_names(got)}")
    for name, rows in (expect.windows or {}).items():
        if found.windows.get(name, 0) != rows:
            told.append(f"windows.{name}: expected {rows} rows, found {found.windows.get(name, 0)}")
    for name, matches in (expect.patterns or {}).items():
        if found.patterns.get(name, 0) != matches:
            got_matches = found.patterns.get(name, 0)
            told.append(f"patterns.{name}: expected {matches} matches, found {got_matches}")
    if expect.dead_letters is not None and expect.dead_letters != found.dead_letters:
        told.append(f"dead_letters: expected {expect.dead_letters}, found {found.dead_letters}")
    return told


def _names(names: set[str] | frozenset[str]) -> str:
    return ", ".join(sorted(names)) or "none"
