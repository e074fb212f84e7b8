"""Rows of forecasts and of predictions."""

from collections.abc import Iterator

from grafana_foundation_sdk.models.dashboard import Panel

from grafana.keys import alias
from grafana.panels import bands, lines
from grafana.panels.frame import NO_UNIT, Frame
from grafana.queries import forecasts
from grafana.queries.windows import WindowQueries
from grafana.rows.row import Row, Spot
from grafana.subject import Subject
from grafana.targets import series
from tidegauge.durations import format_duration_ns
from tidegauge.forecasts import all_forecasts, grid_of
from tidegauge.spec.models import Forecast

HEIGHT = 10
LOWER = "lower"


def forecast_row(subject: Subject) -> Row | None:
    """A panel for each forecast; nothing where there is none."""
    spots = [
        Spot(_forecast(subject, name, forecast), ("forecast", name))
        for name, forecast in all_forecasts(subject.pipeline).items()
    ]
    return Row("Forecasts", spots) if spots else None


def prediction_row(subject: Subject) -> Row | None:
    """A panel for each prediction; nothing where there is none."""
    spots = list(_predictions(subject))
    return Row("Predictions", spots) if spots else None


def _forecast(subject: Subject, name: str, forecast: Forecast) -> Panel:
    window, _, field = forecast.on.partition(".")
    declared = subject.pipeline.windows[window]
    ranking = subject.ranking(window)
    measured = WindowQueries(subject.store, window, declared, ranking)
    column = next(each for each in subject.fields(window) if each.name == field)
    shown = ranking.shown() if ranking else []
    told = {
        part: forecasts.forecast(subject.store, name, part, declared.by, shown)
        for part in ("expected", "lower", "upper")
    }
    keys = alias(declared.by, "")
    return bands.band(
        _frame(subject, name, _about(subject, forecast), 24, window),
        series("A", measured.lines(column), alias(declared.by, field)),
        series("B", told["expected"], f"expected {keys}".strip()),
        (
            series("C", told["lower"], f"{LOWER} {keys}".strip()),
            series("D", told["upper"], f"upper {keys}".strip()),
        ),
        column.unit or NO_UNIT,
        filled=None if declared.by else LOWER,
    )


def _about(subject: Subject, forecast: Forecast) -> str:
    window = subject.pipeline.windows[forecast.on.partition(".")[0]]
    cell = format_duration_ns(grid_of(forecast, window).cell_ns)
    ahead = format_duration_ns(forecast.horizon)
    told = f"{forecast.on}, its forecast for up to {ahead} in steps of {cell}"
    drawn = f"{told}, and the band for {forecast.band:.1%} of the values. Behind now: the last"
    return ". ".join(part for part in (forecast.description, f"{drawn} one made before") if part)


def _predictions(subject: Subject) -> Iterator[Spot]:
    for name, prediction in subject.pipeline.predictions.items():
        keys = subject.pipeline.windows[prediction.on].by
        ranking = subject.ranking(prediction.on)
        shown = ranking.shown() if ranking else []
        query = forecasts.prediction(subject.store, name, keys, shown)
        about = prediction.description or f"What {prediction.model} says of {prediction.on}"
        panel = lines.lines(
            _frame(subject, name, about, 12, prediction.on),
            [series("A", query, alias(keys, name))],
            prediction.unit or NO_UNIT,
        )
        yield Spot(panel, ("prediction", name))


def _frame(subject: Subject, title: str, about: str, width: int, window: str) -> Frame:
    points, step_ns = subject.pipeline.dashboard.buffer, subject.step_ns(window)
    return Frame(title, about, width, HEIGHT, points, step_ns)
