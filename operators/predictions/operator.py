"""Predictions on a stream of window records."""

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import bytewax.operators as op
from bytewax.dataflow import operator
from bytewax.operators import KeyedStream

from operators.predictions.plan import PredictionPlan
from operators.predictions.scoring import predictions
from tidegauge.records import RecordBatch, Tick, passed_on


@operator
def predict(
    step_id: str,  # noqa: ARG001 - names the scope of the step inside
    up: KeyedStream[RecordBatch],
    plans: Sequence[PredictionPlan],
    clock_ns: Callable[[], int] = time.time_ns,
) -> KeyedStream[RecordBatch]:
    """What models say of the results of windows.

    Args:
        step_id: unique name of the step.
        up: window records by key group; what no prediction reads is passed over.
        plans: the pipeline's predictions (`plan_predictions`).
        clock_ns: wall clock, for the processing time in the records.

    Returns:
        record batches named as the predictions.
    """
    told: dict[str, list[str]] = {}
    for plan in plans:
        told.setdefault(plan.window, []).append(plan.name)

    def score(items: list[tuple[str, Any]]) -> Iterable[tuple[str, Any]]:
        for group, batch in items:
            if isinstance(batch, Tick):
                tick = passed_on(batch, told)
                if tick is not None:
                    yield group, tick
                continue
            for made in predictions(batch, plans, clock_ns()):
                yield group, made

    return op.flat_map_batch("score", up, score)
