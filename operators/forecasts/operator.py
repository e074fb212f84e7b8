"""Forecasts on a stream of window records."""

import time
from collections.abc import Callable, Sequence
from functools import partial

from bytewax.dataflow import operator
from bytewax.operators import KeyedStream

from operators.forecasts.group import ForecastGroup
from operators.forecasts.plan import ForecastPlan
from operators.keygroups.begun import Parts
from operators.keygroups.operator import by_group
from operators.keygroups.shelf import IN_SNAPSHOTS, Saving
from tidegauge.records import RecordBatch


@operator
def forecast(
    step_id: str,  # noqa: ARG001 - names the scope of the step inside
    up: KeyedStream[RecordBatch],
    plans: Sequence[ForecastPlan],
    clock_ns: Callable[[], int] = time.time_ns,
    saving: Saving = IN_SNAPSHOTS,
) -> KeyedStream[RecordBatch]:
    """Forecasts of the series of windows.

    Args:
        step_id: unique name of the step.
        up: window records by key group; what no forecast reads is passed over.
        plans: the pipeline's forecasts (`plan_forecasts`).
        clock_ns: wall clock, for the processing time in the records.
        saving: what becomes of snapshots.

    Returns:
        record batches named as the forecasts, at the times they are about, and such as are named as
        the leads of the plans, at the times they were made.
    """
    kept = Parts("forecast", ("forecasts",), saving.begun)
    return by_group("forecast", up, partial(ForecastGroup, plans, clock_ns), kept)
