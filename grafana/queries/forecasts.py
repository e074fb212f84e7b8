"""Queries over forecasts and predictions."""

from collections.abc import Sequence

from grafana.influxql import Store, text
from grafana.queries.over_time import over_time
from tidegauge.catalogue import FORECASTS, PREDICTIONS


def forecast(
    store: Store, forecast: str, field: str, keys: Sequence[str], conditions: Sequence[str]
) -> str:
    """What was expected of each time last, or an end of its band, by key."""
    own = f'"forecast" = {text(forecast)}'
    return over_time(store, FORECASTS, field, keys, [own, *conditions])


def prediction(
    store: Store, prediction: str, keys: Sequence[str], conditions: Sequence[str]
) -> str:
    """What a model says over time, by key."""
    own = f'"prediction" = {text(prediction)}'
    return over_time(store, PREDICTIONS, "value", keys, [own, *conditions])
