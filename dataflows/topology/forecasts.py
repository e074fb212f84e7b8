"""The part of the flow that looks ahead: forecasts of windows, and models of the user's own."""

from collections.abc import Sequence
from functools import partial

import bytewax.operators as op

from dataflows.topology.context import FlowContext, Records
from operators.forecasts.operator import forecast
from operators.forecasts.plan import plan_forecasts
from operators.predictions.operator import predict
from operators.predictions.plan import PredictionPlan
from tidegauge.catalogue import catalogue_of
from tidegauge.records import RecordBatch
from tidegauge.spec.models import Pipeline


def forecast_windows(context: FlowContext, results: Sequence[Records]) -> list[Records]:
    """Forecasts, also those that only alerts ask for; nothing where none is asked for."""
    plans = plan_forecasts(context.pipeline)
    if not plans:
        return []
    up = op.merge("to_ahead", *results)
    return [forecast("ahead", up, plans, context.clock_ns, context.saving)]


def predict_windows(
    context: FlowContext, results: Sequence[Records], plans: Sequence[PredictionPlan]
) -> list[Records]:
    """What the user's models say of windows; nothing where there are no models."""
    if not plans:
        return []
    return [predict("predict", op.merge("to_predict", *results), plans, context.clock_ns)]


def only_declared(pipeline: Pipeline, forecasts: Sequence[Records]) -> list[Records]:
    """Of forecasts those that the pipeline names; the others are for its alerts alone."""
    known = frozenset(catalogue_of(pipeline).signals)
    return [op.filter("forecasts", up, partial(_is_of, known)) for up in forecasts]


def _is_of(signals: frozenset[str], item: tuple[str, object]) -> bool:
    return isinstance(item[1], RecordBatch) and item[1].signal in signals
