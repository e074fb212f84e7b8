"""Patterns on a stream of event batches."""

import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from time import monotonic_ns
from typing import Any

import bytewax.operators as op
import polars as pl
from bytewax.dataflow import Stream, operator
from bytewax.operators import KeyedStream

from operators.cep.group import PATTERNS, UNCHANGED, Changing, PatternGroup, PatternSlice
from operators.cep.plan import LaneKey, LanePlan, PatternStep
from operators.cep.walk import Stop, never
from operators.keygroups.assign import KeyGroups
from operators.keygroups.begun import Parts
from operators.keygroups.names import group_names
from operators.keygroups.operator import GroupLogic
from operators.keygroups.shelf import IN_SNAPSHOTS, Saving
from operators.ordering.identity import PARTITION
from tidegauge.batch import OFFSET, TIME, EventBatch
from tidegauge.catalogue import SOURCE
from tidegauge.journal import Floor
from tidegauge.patterns.changes import PatternChange
from tidegauge.records import RecordBatch

Input = EventBatch | Floor | PatternChange
"""What a step of patterns hears."""


class _Splitter:
    """Deals the events, and always the progress, to every key group."""

    def __init__(self, step: PatternStep, key_groups: int) -> None:
        self._step = step
        self._names = group_names(key_groups)
        self._groups = KeyGroups(key_groups)

    def __call__(self, batches: list[Input]) -> Iterable[tuple[str, PatternSlice | PatternChange]]:
        for batch in batches:
            if isinstance(batch, PatternChange):
                yield from ((name, batch) for name in self._names)
                continue
            if isinstance(batch, Floor):
                for number, name in enumerate(self._names):
                    yield name, PatternSlice(batch, number)
                continue
            events: list[dict[LaneKey, pl.DataFrame]] = [{} for _ in self._names]
            late: list[dict[LaneKey, int]] = [{} for _ in self._names]
            for lane in self._step.lanes:
                for group, part in self._split(lane, batch, batch.on_time):
                    events[group][lane.key] = part
                for group, part in self._split(lane, batch, batch.corrections):
                    late[group][lane.key] = part.height
            for number, name in enumerate(self._names):
                yield name, PatternSlice(batch.progress, number, events[number], late[number])

    def _split(
        self, lane: LanePlan, batch: EventBatch, frame: pl.DataFrame
    ) -> Iterable[tuple[int, pl.DataFrame]]:
        if not frame.height:
            return ()
        own = self._step.columns[batch.progress.source]
        absent = {
            SOURCE: pl.lit(batch.progress.source),
            **{
                name: pl.lit(None, kind.dtype)
                for name, kind in lane.columns.items()
                if name not in own and name != SOURCE
            },
        }
        partition = pl.lit(batch.progress.partition, pl.Int64).alias(PARTITION)
        columns = [
            absent[name].alias(name) if name in absent else pl.col(name) for name in lane.columns
        ]
        return self._groups.split(frame.select(TIME, OFFSET, partition, *columns), lane.key.by)


SLICE_NS = 20_000_000
"""How long a key group works at once: what is left waits, and the rest of the flow goes on."""
MOST_UNREAD = 50_000
"""Events that may wait so in a key group: with more, the flow waits for it."""


class _PatternLogic(GroupLogic[PatternSlice | PatternChange]):
    """Logic of one key group that tells now and then, and at the end, what it holds.

    It works for a while only, and goes on when the rest of the flow had its turn: one key that
    costs much does not keep the windows of others waiting. What is left is part of the state, so a
    flow that is asked to end need not wait for it.
    """

    def __init__(
        self,
        group: PatternGroup,
        parts: Parts,
        every_ns: int | None,
        clock_ns: Callable[[], int],
        ending: Callable[[], bool],
    ) -> None:
        super().__init__(group, parts)
        self._patterns = group
        self._ending = ending
        self._every_ns, self._clock_ns = every_ns, clock_ns
        self._due_ns = clock_ns() + (every_ns or 0)

    def on_batch(
        self, values: list[PatternSlice | PatternChange]
    ) -> tuple[Iterable[RecordBatch], bool]:
        """Hand the values on, and measure when it is time to."""
        return self._measured(self._patterns.take(values, self._stop())), self.RETAIN

    def on_notify(self) -> tuple[Iterable[RecordBatch], bool]:
        """Go on with what is left."""
        return self._measured(self._patterns.go_on(self._stop())), self.RETAIN

    def notify_at(self) -> datetime | None:
        """At once, where something is left."""
        return datetime.now(UTC) if self._patterns.behind and not self._ending() else None

    def on_eof(self) -> tuple[Iterable[RecordBatch], bool]:
        """What is left, and what is held at the end, which may come before it was ever told.

        A flow that was asked to end leaves it in its state.
        """
        records = self._patterns.go_on(self._ending)
        if self._every_ns is not None:
            records.append(self._patterns.measure())
        return records, self.RETAIN

    def _stop(self) -> Stop:
        """When to stop working: after a while, or when the flow is to end."""
        if self._patterns.unread > MOST_UNREAD:
            return self._ending
        until_ns = monotonic_ns() + SLICE_NS
        return lambda: monotonic_ns() >= until_ns

    def _measured(self, records: list[RecordBatch]) -> list[RecordBatch]:
        if self._every_ns is not None and (now_ns := self._clock_ns()) >= self._due_ns:
            self._due_ns = now_ns + self._every_ns
            records.append(self._patterns.measure())
        return records


@operator
def find_patterns(  # noqa: PLR0913, PLR0917 - what the engine's steps are made of
    step_id: str,  # noqa: ARG001 - names the scope of the steps inside
    up: Stream[EventBatch] | Stream[EventBatch | Floor] | Stream[Input],
    patterns: PatternStep,
    key_groups: int,
    clock_ns: Callable[[], int] = time.time_ns,
    saving: Saving = IN_SNAPSHOTS,
    measure_every_ns: int | None = None,
    changing: Changing = UNCHANGED,
    ending: Callable[[], bool] = never,
) -> KeyedStream[RecordBatch]:
    """Matches of patterns in the events of one source, or of several joined ones.

    Args:
        step_id: unique name of the step.
        up: event batches of the sources, and their floors and changes of the patterns where there
            is a journal; of several sources those of `join_sources`.
        patterns: what to look for (`plan_patterns`).
        key_groups: number of key groups, 1 to 16; fixed when the state is first made.
        clock_ns: wall clock, for the processing time in the records.
        saving: what becomes of snapshots.
        measure_every_ns: how often each key group tells what it holds; None for never.
        changing: how the patterns become others.
        ending: whether the flow was asked to end: what is not read yet stays in its state.

    Returns:
        record batches by key group: matches and timeouts, named as their signals; dead letters of
        runs that were given up; what is held (`PATTERN_STATE`), as often as asked for.
    """
    kept = Parts("pattern", (PATTERNS,), saving.begun, patterns.sources)

    def build(saved: dict[str, Any] | None) -> GroupLogic[Any]:
        restored = kept.restored(saved)
        group = PatternGroup(patterns, clock_ns, restored, changing)
        return _PatternLogic(group, kept, measure_every_ns, clock_ns, ending)

    slices = op.flat_map_batch("split", up, _Splitter(patterns, key_groups))
    return op.stateful_batch("match", slices, build)
