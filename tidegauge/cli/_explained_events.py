"""The events of a pattern from files, as the flow reads them from topics."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl

from connectors.codecs.json_columns import JsonColumns
from dataflows.connections.tables import stand_ins
from operators.enrichment.table import LookupTable
from operators.intake.intake import partition_intake
from operators.intake.plan import plan_intake
from operators.intake.sensitive import KeyedHash
from tidegauge.batch import OFFSET, TIME, RawBatch
from tidegauge.catalogue import SOURCE, held_columns, pattern_columns, sensitive_columns
from tidegauge.errors import UserMistake
from tidegauge.spec.models import Pattern, Pipeline

_ANY_TIME_NS = 30 * 365 * 86_400 * 1_000_000_000
"""Disorder that no event passes: here events are put in order first."""


@dataclass(frozen=True, slots=True)
class PatternEvents:
    """Events in the order of processing, and a line for each message that is none."""

    frame: pl.DataFrame
    refused: list[str]


def read_events(
    pipeline: Pipeline, folder: Path, pattern: Pattern, files: Sequence[str]
) -> PatternEvents:
    """Decode, enrich, filter and derive as the sources of a pattern say.

    Args:
        pipeline: a checked pipeline.
        folder: where the pipeline file is.
        pattern: one of its patterns.
        files: a file of messages, one a line; for several sources `source=file` each.

    Raises:
        UserMistake: a file cannot be read, or is of no source of the pattern.
    """
    tables = stand_ins(pipeline, folder, {})
    frames, refused = [], []
    for source, path in _by_source(pattern, files).items():
        events = _read(pipeline, source, path, tables)
        frames.append(events.frame.with_columns(pl.lit(source).alias(SOURCE)))
        refused += events.refused
    columns = {**pattern_columns(pipeline, pattern), TIME: None, OFFSET: None, SOURCE: None}
    whole = pl.concat(frames, how="diagonal")
    whole = whole.select(name for name in columns if name in whole.columns)
    missing = {name: kind for name, kind in columns.items() if kind and name not in whole.columns}
    whole = whole.with_columns(
        pl.lit(None, dtype=kind.dtype).alias(name) for name, kind in missing.items()
    )
    order = [TIME] if pattern.order == "event_time" else [OFFSET]
    return PatternEvents(whole.sort(order, maintain_order=True), refused)


def _by_source(pattern: Pattern, files: Sequence[str]) -> dict[str, str]:
    sources = pattern.from_
    if len(sources) == 1 and len(files) == 1:
        only = sources[0]
        return {only: files[0].removeprefix(f"{only}=")}
    found: dict[str, str] = {}
    for text in files:
        source, given, path = text.partition("=")
        if not given or source not in sources or source in found:
            allowed = ", ".join(f"{name}=FILE" for name in sources)
            raise UserMistake(f"{text}: is of no source of the pattern; write {allowed}, each once")
        found[source] = path
    return found


def _read(
    pipeline: Pipeline, name: str, path: str, tables: Mapping[str, LookupTable]
) -> PatternEvents:
    try:
        lines = Path(path).read_bytes().splitlines()
    except OSError as error:
        raise UserMistake(f"{path}: cannot be read: {error.strerror}") from None
    source = pipeline.sources[name]
    plan = plan_intake(
        name,
        source,
        JsonColumns,
        zone=ZoneInfo(pipeline.timezone),
        tables=tables,
        sensitive=sensitive_columns(source, pipeline.tables),
        hash_text=KeyedHash("what is explained is stored nowhere"),
        held=held_columns(pipeline, name),
    )
    bounds = {"out_of_orderness": _ANY_TIME_NS, "max_future": _ANY_TIME_NS}
    plan = replace(plan, event_time=source.event_time.model_copy(update=bounds))
    now_ms = time.time_ns() // 1_000_000
    raw = RawBatch(list(lines), range(len(lines)), [now_ms] * len(lines))
    batch = partition_intake(plan, 1)(0, None).take(raw)
    letters = batch.dead_letters.iter_rows(named=True)
    refused = [f"{path}:{one['offset'] + 1}: {one['kind']}: {one['reason']}" for one in letters]
    return PatternEvents(batch.on_time, refused)
