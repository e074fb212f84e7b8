"""Windows on a stream of event batches."""

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import bytewax.operators as op
from bytewax.dataflow import Stream, operator
from bytewax.operators import KeyedStream

from operators.keygroups.assign import KeyGroups
from operators.keygroups.names import group_names
from operators.keygroups.operator import GroupLogic
from operators.keygroups.shelf import IN_SNAPSHOTS, Saving
from operators.windows.group import Partials, WindowGroup
from operators.windows.kinds import preaggregate
from operators.windows.part import located, split_part
from operators.windows.plan import WindowPlan
from tidegauge.batch import EventBatch
from tidegauge.journal import Floor
from tidegauge.records import RecordBatch


class _Splitter:
    """Pre-aggregates each batch and deals the rows, and always the progress, to every key group."""

    def __init__(self, plans: Sequence[WindowPlan], key_groups: int) -> None:
        self._plans = plans
        self._names = group_names(key_groups)
        self._groups = KeyGroups(key_groups)

    def __call__(self, batches: list[EventBatch | Floor]) -> Iterable[tuple[str, Partials]]:
        for batch in batches:
            if isinstance(batch, Floor):
                yield from ((name, Partials(batch, group=name)) for name in self._names)
                continue
            rows: list[tuple[dict[str, Any], dict[str, Any]]] = [({}, {}) for _ in self._names]
            for plan in self._plans:
                for side, events in enumerate((batch.on_time, batch.corrections)):
                    if events.height:
                        merged = preaggregate(plan, located(batch, events))
                        for group, part in split_part(self._groups, merged, list(plan.by)):
                            rows[group][side][plan.name] = part
            for name, (on_time, corrections) in zip(self._names, rows, strict=True):
                yield name, Partials(batch.progress, on_time, corrections, name)


@operator
def windows(
    step_id: str,
    up: Stream[EventBatch] | Stream[EventBatch | Floor],
    plans: Sequence[WindowPlan],
    key_groups: int,
    clock_ns: Callable[[], int] = time.time_ns,
    saving: Saving = IN_SNAPSHOTS,
) -> KeyedStream[RecordBatch]:
    """Results of event-time windows over a stream of event batches.

    Args:
        step_id: unique name of the step.
        up: event batches of one source, and its floors where there is a journal.
        plans: its windows, compiled by `plan_window`.
        key_groups: number of key groups, 1 to 16; fixed when the state is first made.
        clock_ns: wall clock, for the processing time in the records.
        saving: what becomes of snapshots; with many keys and a recovery directory, pieces in a
            folder there make them short.

    Returns:
        window records by key group: a frame whenever the watermark closes windows.
    """

    def build(resume: dict[str, Any] | None) -> GroupLogic[Any]:
        return GroupLogic(WindowGroup(plans, clock_ns, resume, saving, step_id))

    partials = op.flat_map_batch("preaggregate", up, _Splitter(plans, key_groups))
    return op.stateful_batch("merge", partials, build)
