"""Messages of one partition through an intake, in any batches and with restarts between them."""

import itertools
import json
import pickle
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from connectors.codecs.json_columns import JsonColumns
from operators.intake.intake import Intake, IntakePlan, IntakeState
from operators.intake.plan import plan_intake
from operators.progress.board import ProgressBoard
from tidegauge.batch import OFFSET, Counts, EventBatch, RawBatch
from tidegauge.spec.models import Source

NOW_MS = 1_000_000
"""Kafka timestamp of messages that say nothing else."""

FIELDS = {"v": {"type": "float"}, "k": {"type": "string"}}
EVENT_TIME = {
    "field": "ts",
    "format": "epoch_ms",
    "out_of_orderness": "2s",
    "lateness": "3s",
    "max_future": "10s",
}


def make_plan(*, keep_appended: bool = False, **source: Any) -> IntakePlan:
    """An intake plan; keys of `event_time` are changed one by one, others of the source whole."""
    event_time = {**EVENT_TIME, **source.pop("event_time", {})}
    declared = {"kafka": {"topic": "t"}, "fields": FIELDS, "event_time": event_time, **source}
    spec = Source.model_validate(declared)
    return plan_intake("s", spec, JsonColumns, keep_appended=keep_appended)


def message(**fields: Any) -> bytes:
    """A JSON message."""
    return json.dumps(fields).encode()


def raw(
    payloads: Sequence[bytes | None], offset: int = 0, appended_ms: int | list[int] = NOW_MS
) -> RawBatch:
    """A batch of messages without gaps."""
    stamps = appended_ms if isinstance(appended_ms, list) else [appended_ms] * len(payloads)
    return RawBatch(list(payloads), range(offset, offset + len(payloads)), stamps)


def make_intake(plan: IntakePlan, state: IntakeState | None = None) -> Intake:
    """The intake of the only partition of a topic."""
    return Intake(plan, 0, 1, ProgressBoard(), state or IntakeState())


def take(plan: IntakePlan, *payloads: bytes | None) -> EventBatch:
    """One batch of a new partition."""
    return make_intake(plan).take(raw(payloads))


@dataclass(frozen=True)
class Taken:
    """All that came out of a stream of batches."""

    on_time: pl.DataFrame
    corrections: pl.DataFrame
    dead_letters: pl.DataFrame
    counts: Counts
    watermark_ns: int


def run(plan: IntakePlan, batches: Iterable[RawBatch], *, restart: bool = False) -> Taken:
    """Take batch after batch; with `restart` each by a new intake, from the pickled state."""
    intake = make_intake(plan)
    made = [intake.take(RawBatch([], [], []))]
    for batch in batches:
        made.append(intake.take(batch))
        if restart:
            intake = make_intake(plan, pickle.loads(pickle.dumps(intake.state)))  # noqa: S301 - made here
    return Taken(
        pl.concat([one.on_time for one in made]),
        pl.concat([one.corrections for one in made]),
        pl.concat([one.dead_letters for one in made]),
        made[-1].counts,
        made[-1].progress.watermark_ns,
    )


def cut(whole: RawBatch, cuts: Iterable[int]) -> list[RawBatch]:
    """The batch cut before these positions; some parts may be empty."""
    size = len(whole.payloads)
    edges = [0, *sorted(min(position, size) for position in cuts), size]
    return [
        RawBatch(whole.payloads[a:b], whole.offsets[a:b], whole.appended_ms[a:b])
        for a, b in itertools.pairwise(edges)
    ]


def offsets(frame: pl.DataFrame) -> list[int]:
    """Offsets of the rows of a frame of events."""
    return frame[OFFSET].to_list()
