"""Events in event-time order, from a stream of event batches."""

from collections.abc import Iterable, Sequence
from typing import Any

import bytewax.operators as op
import polars as pl
from bytewax.dataflow import Stream, operator
from bytewax.operators import KeyedStream

from operators.keygroups.assign import KeyGroups
from operators.keygroups.begun import Parts
from operators.keygroups.names import group_names
from operators.keygroups.operator import GroupLogic
from operators.keygroups.shelf import IN_SNAPSHOTS, Saving
from operators.ordering.group import EventSlice, OrderGroup
from operators.ordering.identity import PARTITION
from operators.ordering.plan import PREFIX, Ordering
from tidegauge.batch import NO_TIME, OFFSET, TIME, EventBatch
from tidegauge.journal import Floor
from tidegauge.records import RecordBatch, Tick


class _Splitter:
    """Deals the on-time events, and always the progress, to every key group."""

    def __init__(self, orderings: Sequence[Ordering], key_groups: int) -> None:
        self._orderings = orderings
        self._names = group_names(key_groups)
        self._groups = KeyGroups(key_groups)

    def __call__(self, batches: list[EventBatch | Floor]) -> Iterable[tuple[str, EventSlice]]:
        for batch in batches:
            if isinstance(batch, Floor):
                yield from ((name, EventSlice(batch)) for name in self._names)
                continue
            events: list[dict[str, pl.DataFrame]] = [{} for _ in self._names]
            if batch.on_time.height:
                for ordering in self._orderings:
                    frame = _wanted(ordering, batch)
                    for group, part in self._groups.split(frame, ordering.by):
                        events[group][ordering.name] = part
            for name, frames in zip(self._names, events, strict=True):
                yield name, EventSlice(batch.progress, frames)


def _wanted(ordering: Ordering, batch: EventBatch) -> pl.DataFrame:
    columns = sorted(ordering.columns | set(ordering.by))
    partition = pl.lit(batch.progress.partition, pl.Int64).alias(PARTITION)
    return batch.on_time.select(TIME, OFFSET, partition, *columns)


class _Ticking(GroupLogic[EventSlice]):
    """Logic of one key group that tells behind the events how far it has come, if asked to."""

    def __init__(self, group: OrderGroup, parts: Parts, ticks: frozenset[str]) -> None:
        super().__init__(group, parts)
        self._events, self._ticks = group, ticks
        self._ticked_ns = NO_TIME

    def on_batch(self, values: list[EventSlice]) -> tuple[Iterable[Any], bool]:
        """Hand the values on."""
        released, discard = super().on_batch(values)
        told: list[Any] = list(released)
        for passed_ns in self._events.passed if self._ticks else ():
            if passed_ns > self._ticked_ns:
                self._ticked_ns = passed_ns
                told.append(Tick(self._ticks, "", passed_ns))
        return told, discard


@operator
def order_events(
    step_id: str,  # noqa: ARG001 - names the scope of the steps inside
    up: Stream[EventBatch] | Stream[EventBatch | Floor],
    orderings: Sequence[Ordering],
    key_groups: int,
    saving: Saving = IN_SNAPSHOTS,
    ticks: frozenset[str] = frozenset(),
) -> KeyedStream[RecordBatch]:
    """On-time events of one source, by key group and in event-time order.

    Corrections are left out: whoever needs the order sees what was on time.

    Args:
        step_id: unique name of the step.
        up: event batches of the source, and its floors where there is a journal.
        orderings: who needs what of it (`merge_orderings`).
        key_groups: number of key groups, 1 to 16; fixed when the state is first made.
        saving: what becomes of snapshots.
        ticks: orderings about which it is told, among the batches, how far each key group has come.

    Returns:
        record batches named as the orderings, whenever the watermark releases events; a `Tick`
        behind those that it is about, where some are asked for.
    """
    own = {ordering.name for ordering in orderings}
    followed = tuple(dict.fromkeys(ordering.source for ordering in orderings))
    kept = Parts("events", ("held", "last_ns"), saving.begun, followed, PREFIX)

    def build(saved: dict[str, Any] | None) -> GroupLogic[Any]:
        return _Ticking(OrderGroup(orderings, kept.restored(saved)), kept, ticks & own)

    slices = op.flat_map_batch("split", up, _Splitter(orderings, key_groups))
    return op.stateful_batch("sort", slices, build)
