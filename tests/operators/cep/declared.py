"""Patterns of a pipeline file over events of two sources, for tests of the group and the step."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from operators.cep.group import PatternGroup, PatternSlice
from operators.cep.plan import PatternStep, plan_patterns
from operators.ordering.identity import PARTITION
from operators.progress.joined import apart
from tidegauge.batch import OFFSET, TIME, Counts, EventBatch, PartitionState, Progress
from tidegauge.catalogue import SOURCE
from tidegauge.records import RecordBatch
from tidegauge.spec.loader import parse_pipeline

SECOND = 1_000_000_000
OUT_OF_ORDERNESS_S = 3
SOURCES = ("cards", "transfers")
PIPELINE = """\
version: 1
pipeline: shop
sources:
  cards:
    kafka: {topic: cards}
    event_time: {field: ts, format: epoch_s, out_of_orderness: 3s, lateness: 5s}
    fields: {card: {type: string}, amount: {type: float}}
  transfers:
    kafka: {topic: transfers}
    event_time: {field: ts, format: epoch_s, out_of_orderness: 3s}
    fields: {card: {type: string}, amount: {type: float}, target: {type: string}}
patterns:
  growing:
    from: [cards, transfers]
    by: [card]
    match: "small+[->] -> large"
    define: {small: "amount < 4", large: "amount > SUM(small.amount)"}
    measures: {spent: SUM(small.amount), times: COUNT(small), target: large.target}
    within: 20s
    after_match: NO SKIP
    timeouts: true
  unanswered:
    from: [cards, transfers]
    by: [card]
    match: "bought -> !moved"
    define: {bought: "_source = 'cards' AND amount > 6", moved: "_source = 'transfers'"}
    within: 5s
  next_to:
    from: [cards, transfers]
    match: "a b"
    define: {a: "amount = 1", b: "amount = 2"}
  at_once:
    from: [cards, transfers]
    by: [card]
    match: "small{2,3} large?"
    define: {small: "amount < 4", large: "amount > 6"}
    within: 10s
    order: arrival
"""
Event = tuple[int, str, str, float]
"""Second, source, card and amount."""


def step_of(text: str = PIPELINE) -> PatternStep:
    """The only step of a file's patterns."""
    (step,) = plan_patterns(parse_pipeline(text, "shop.yaml", Path(), {}))
    return step


def batches_of(events: Sequence[Event], first_offset: int = 0) -> list[EventBatch]:
    """A batch for each event, each source with a partition of its own, and one at the end."""
    highest = dict.fromkeys(SOURCES, 0)
    batches = []
    for offset, (second, source, card, amount) in enumerate(events, first_offset):
        highest[source] = max(highest[source], second)
        row: dict[str, list[Any]] = {TIME: [second * SECOND], OFFSET: [offset]}
        row |= {"card": [card], "amount": [amount]}
        if source == "transfers":
            row["target"] = [f"to {second}"]
        batches.append(_batch(source, pl.DataFrame(row), highest[source]))
    ends = [_batch(one, pl.DataFrame(), 1_000, PartitionState.FINISHED) for one in SOURCES]
    return [*batches, *ends]


def _batch(
    source: str,
    frame: pl.DataFrame,
    highest_s: int,
    state: PartitionState = PartitionState.ACTIVE,
) -> EventBatch:
    watermark_ns = (highest_s - OUT_OF_ORDERNESS_S) * SECOND
    progress = Progress(source, 0, 1, watermark_ns, state, 0)
    nothing = pl.DataFrame()
    return EventBatch(source, frame, nothing, nothing, progress, Counts())


def slices_of(step: PatternStep, batches: Sequence[EventBatch]) -> list[PatternSlice]:
    """What the only key group gets of batches."""
    slices = []
    for one in batches:
        batch = apart(one, SOURCES.index(one.progress.source))
        assert isinstance(batch, EventBatch)
        frame = batch.on_time
        if frame.height:
            frame = frame.with_columns(
                pl.lit(batch.progress.partition, pl.Int64).alias(PARTITION),
                pl.lit(batch.progress.source).alias(SOURCE),
                frame["target"]
                if "target" in frame.columns
                else pl.lit(None, pl.String).alias("target"),
            )
        events = {lane.key: frame for lane in step.lanes} if frame.height else {}
        slices.append(PatternSlice(batch.progress, 0, events))
    return slices


def group_of(step: PatternStep, snapshot: dict[str, Any] | None = None) -> PatternGroup:
    """A key group whose clock stands still."""
    return PatternGroup(step, lambda: 0, snapshot)


def told(records: Sequence[RecordBatch]) -> list[tuple[Any, ...]]:
    """Rows of records, in no order: what is told at once may come from several patterns."""
    rows = [(one.signal, *row) for one in records for row in one.frame.rows()]
    return sorted(rows, key=repr)
