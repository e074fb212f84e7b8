"""Alerts on a stream of window records, verdicts and events."""

import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial

import bytewax.operators as op
from bytewax.dataflow import Stream, operator
from bytewax.operators import KeyedStream

from operators.alerts.event_level import event_level_records
from operators.alerts.group import AlertGroup
from operators.alerts.plan import AlertPlan
from operators.keygroups.begun import Parts
from operators.keygroups.operator import by_group
from operators.keygroups.shelf import IN_SNAPSHOTS, Saving
from tidegauge.batch import EventBatch
from tidegauge.catalogue import ALERTS
from tidegauge.records import RecordBatch
from tidegauge.signals import Signal


@operator
def alert(
    step_id: str,  # noqa: ARG001 - names the scope of the step inside
    up: KeyedStream[RecordBatch],
    plans: Sequence[AlertPlan],
    clock_ns: Callable[[], int] = time.time_ns,
    saving: Saving = IN_SNAPSHOTS,
) -> KeyedStream[RecordBatch]:
    """Records of the alerts that are pending, firing and resolved.

    Args:
        step_id: unique name of the step.
        up: window records, verdicts and events in event-time order, merged, by key group; what no
            alert reads is passed over.
        plans: the pipeline's alerts (`plan_alerts`).
        clock_ns: wall clock, for the processing time in the records.
        saving: what becomes of snapshots.

    Returns:
        record batches of the alerts signal, with the column `CHANGED` beside the signal's.
    """
    kept = Parts("alert", ("alerts",), saving.begun)
    return by_group("evaluate", up, partial(AlertGroup, plans, clock_ns), kept)


@operator
def event_levels(
    step_id: str,  # noqa: ARG001 - names the scope of the step inside
    up: Stream[EventBatch],
    pipeline: str,
    signal: Signal,
    clock_ns: Callable[[], int] = time.time_ns,
    beside: Sequence[str] = (),
) -> KeyedStream[RecordBatch]:
    """Alerts of the events whose own `alert_level` is critical, keyed by partition.

    Args:
        step_id: unique name of the step.
        up: event batches.
        pipeline: name of the pipeline.
        signal: the alerts signal.
        clock_ns: wall clock, for the processing time in the records.
        beside: key columns of the pipeline that records of alerts do not have.

    Returns:
        record batches of the alerts signal, with the column `CHANGED` beside the signal's.
    """

    def records(batches: list[EventBatch]) -> Iterable[tuple[str, RecordBatch]]:
        for batch in batches:
            frame = event_level_records(batch, pipeline, signal, clock_ns(), beside)
            if frame is not None:
                yield f"{batch.topic}-{batch.progress.partition}", RecordBatch(ALERTS, frame)

    return op.flat_map_batch("levels", up, records)
