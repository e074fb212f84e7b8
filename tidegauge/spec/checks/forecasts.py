"""Forecasts and predictions: what they are on, their durations, their names."""

from collections.abc import Collection, Iterable

from tidegauge.catalogue import FORECASTS, PREDICTIONS
from tidegauge.fieldtypes import FieldType
from tidegauge.forecasts import GridError, all_forecasts, grid_of
from tidegauge.signals import SignalKind
from tidegauge.spec.checks.columns import check_keys_of
from tidegauge.spec.checks.files import is_there
from tidegauge.spec.checks.review import Review
from tidegauge.spec.mistakes import Path
from tidegauge.spec.models import Pipeline, Prediction

_NUMBERS = (FieldType.INT, FieldType.FLOAT, None)
_SCORED = (*_NUMBERS, FieldType.BOOL)
DATA_POINTS = "data_points"


def check_forecasts(review: Review) -> None:
    """Check each forecast, declared or made for an alert."""
    pipeline = review.pipeline
    for name, forecast in pipeline.forecasts.items():
        path: Path = ("forecasts", name)
        window = forecast_window(review, (*path, "on"), forecast.on)
        if window is not None:
            try:
                grid_of(forecast, pipeline.windows[window])
            except GridError as error:
                review.say((*path, error.key), str(error), unless=("windows", window))
            _check_keys(review, (*path, "on"), window, SignalKind.FORECAST)
        _check_name(review, path, name, _signals(pipeline) | set(pipeline.predictions))
    for name, forecast in all_forecasts(pipeline).items():
        if name in pipeline.forecasts:
            continue
        window = forecast.on.partition(".")[0]
        _check_keys(review, ("alerts",), window, SignalKind.FORECAST)
        if name in _signals(pipeline) | set(pipeline.predictions):
            message = f"a forecast of {forecast.on} would be called {name}, as something else is"
            review.say(("alerts",), f"{message}; declare one in `forecasts`")


def forecast_window(review: Review, path: Path, on: str) -> str | None:
    """The window that a forecast is on, where all is well with it and the field."""
    window, dot, field = on.partition(".")
    if not dot:
        review.say(path, f"{on!r} names no field; allowed: window.field")
        return None
    if not review.known(path, "window", window, review.pipeline.windows):
        return None
    metrics = review.metrics[window]
    if not review.known(path, "field", field, metrics):
        return None
    if metrics[field] not in _NUMBERS:
        numbers = ", ".join(sorted(name for name in metrics if metrics[name] in _NUMBERS))
        review.say(path, f"{on} is a {metrics[field]}; allowed: {numbers or 'a number'}")
        return None
    return window


def check_predictions(review: Review) -> None:
    """Check each prediction: its window, its fields and that its model is there."""
    pipeline = review.pipeline
    for name, prediction in pipeline.predictions.items():
        path: Path = ("predictions", name)
        _check_model(review, (*path, "model"), prediction.model)
        if review.known((*path, "on"), "window", prediction.on, pipeline.windows):
            _check_inputs(review, (*path, "inputs"), prediction)
            _check_keys(review, (*path, "on"), prediction.on, SignalKind.PREDICTION)
        _check_name(review, path, name, _signals(pipeline))


def _check_model(review: Review, path: Path, model: str) -> None:
    if not model.endswith(".onnx"):
        review.say(path, f"{model} is no model; allowed: a file in the ONNX format, such as a.onnx")
    elif not is_there(review.folder / model):
        review.say(path, f"there is no file {model}; allowed: a path relative to the pipeline file")


def _check_inputs(review: Review, path: Path, prediction: Prediction) -> None:
    columns = {**review.metrics[prediction.on], DATA_POINTS: FieldType.INT}
    for model_input, fields in prediction.inputs.items():
        here = (*path, model_input) if model_input else path
        for field in fields:
            if review.known(here, "field", field, columns) and columns[field] not in _SCORED:
                message = f"{field} is a {columns[field]}; allowed: numbers and truth values"
                review.say(here, message)


def _signals(pipeline: Pipeline) -> set[str]:
    """Names that other things write under."""
    named: Iterable[Collection[str]] = (
        pipeline.windows,
        pipeline.anomalies,
        pipeline.patterns,
        pipeline.sources,
    )
    return {name for names in named for name in names} | {FORECASTS, PREDICTIONS}


def _check_name(review: Review, path: Path, name: str, taken: set[str]) -> None:
    if name in taken:
        review.say(path, f"something else is called {name}, too; take another name")


def _check_keys(review: Review, path: Path, window: str, kind: SignalKind) -> None:
    check_keys_of(review, path, review.pipeline.windows[window].by, kind)
