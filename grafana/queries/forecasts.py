"""Queries over forecasts and predictions."""

from collections.abc import Sequence

from grafana.influxql import STEP, TIME, Store, applied, quoted, select, text
from tidegauge.catalogue import FORECASTS, PREDICTIONS


def forecast(
    store: Store, forecast: str, field: str, keys: Sequence[str], conditions: Sequence[str]
) -> str:
    """What was expected of each time last, or an end of its band, by key."""
    own = f'"forecast" = {text(forecast)}'
    return _over_time(store, FORECASTS, field, keys, [own, *conditions])


def prediction(
    store: Store, prediction: str, keys: Sequence[str], conditions: Sequence[str]
) -> str:
    """What a model says over time, by key."""
    own = f'"prediction" = {text(prediction)}'
    return _over_time(store, PREDICTIONS, "value", keys, [own, *conditions])


def _over_time(
    store: Store, measurement: str, field: str, keys: Sequence[str], conditions: Sequence[str]
) -> str:
    return select(
        applied("last", field),
        store.measurement(measurement),
        where=[store.own, *conditions, TIME],
        by=[STEP, *quoted(keys)],
        fill="none",
    )
