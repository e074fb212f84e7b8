"""Messages of several partitions through intakes into the windows of one key group."""

import json
import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from connectors.codecs.json_columns import JsonColumns
from operators.intake.intake import Intake, IntakeState
from operators.intake.plan import plan_intake
from operators.progress.board import ProgressBoard
from operators.windows.group import Partials, WindowGroup
from operators.windows.kinds import preaggregate
from operators.windows.part import located
from operators.windows.plan import WindowPlan, plan_window
from tidegauge.batch import EventBatch, PartitionState, RawBatch
from tidegauge.catalogue import event_columns
from tidegauge.records import RecordBatch
from tidegauge.spec.models import Source, Window

SECOND = 1_000_000_000
FAR_MS = 10**13
"""Kafka timestamp that no event time is ahead of."""

FIELDS = {"k": "string", "j": "int", "x": "float", "b": "bool", "v": "float", "q": "int"}


def make_source(*, bound: int, lateness: int, derive: Mapping[str, str] | None = None) -> Source:
    """A source of events with an epoch in milliseconds; durations in ms."""
    return Source.model_validate(
        {
            "kafka": {"topic": "t"},
            "fields": {name: {"type": kind} for name, kind in FIELDS.items()},
            "derive": derive or {},
            "event_time": {
                "field": "ts",
                "format": "epoch_ms",
                "out_of_orderness": f"{bound}ms",
                "lateness": f"{lateness}ms",
            },
        }
    )


def make_plan(
    source: Source, *, size: int, every: int | None = None, name: str = "w", **window: Any
) -> WindowPlan:
    """A window over the source; durations in ms."""
    shape: dict[str, Any] = {"tumbling": {"size": f"{size}ms"}}
    if every is not None:
        shape = {"sliding": {"size": f"{size}ms", "every": f"{every}ms"}}
    declared = {"from": "s", "select": {"n": "count(*)"}, **shape, **window}
    spec = Window.model_validate(declared)
    return plan_window(name, spec, event_columns(source), source.event_time.lateness)


def partials(plans: Sequence[WindowPlan], batch: EventBatch) -> Partials:
    """What the batch brings to the only key group."""
    return Partials(
        batch.progress,
        {plan.name: preaggregate(plan, located(batch, batch.on_time)) for plan in plans},
        {plan.name: preaggregate(plan, located(batch, batch.corrections)) for plan in plans},
    )


@dataclass
class Flow:
    """Intakes of the partitions and one group of windows."""

    source: Source
    plans: Sequence[WindowPlan]
    partitions: int = 1
    dead: int = 0
    records: list[RecordBatch] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.board = ProgressBoard()
        self.intakes = [self._intake(i, IntakeState()) for i in range(self.partitions)]
        self.offsets = [0] * self.partitions
        self.group = WindowGroup(self.plans, lambda: 0, None)

    def events(self, partition: int, events: Sequence[Mapping[str, Any]]) -> list[RecordBatch]:
        """One batch of events; what the windows give for it."""
        start = self.offsets[partition]
        self.offsets[partition] += len(events)
        payloads: list[bytes | None] = [json.dumps(event).encode() for event in events]
        batch = self.intakes[partition].take(
            RawBatch(payloads, range(start, start + len(events)), [FAR_MS] * len(events))
        )
        self.dead += batch.dead_letters.height
        return self._pass(batch)

    def quiet(self, partition: int, state: PartitionState) -> list[RecordBatch]:
        """A partition becomes idle or finished."""
        return self._pass(self.intakes[partition].quiet(state))

    def finish(self) -> list[RecordBatch]:
        """All partitions finish; everything is closed."""
        made = []
        for partition in range(self.partitions):
            made += self.quiet(partition, PartitionState.FINISHED)
        return made

    def frame(self, name: str = "w") -> pl.DataFrame:
        """All records of a window so far."""
        return pl.concat([record.frame for record in self.records if record.signal == name])

    def _pass(self, batch: EventBatch) -> list[RecordBatch]:
        made = self.group.take([partials(self.plans, batch)])
        self.records += made
        return made

    def resume(self) -> None:
        """A new process goes on from the saved states of all."""
        group, intakes = self.group.snapshot(), [intake.state for intake in self.intakes]
        group, intakes = pickle.loads(pickle.dumps((group, intakes)))  # noqa: S301 - made here
        self.board = ProgressBoard()
        self.intakes = [self._intake(number, state) for number, state in enumerate(intakes)]
        self.group = WindowGroup(self.plans, lambda: 0, group)

    def _intake(self, partition: int, state: IntakeState) -> Intake:
        plan = plan_intake("s", self.source, JsonColumns)
        return Intake(plan, partition, self.partitions, self.board, state)
