"""The forecasts of a pipeline, and the time grid of each."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tidegauge.durations import UNITS_NS
from tidegauge.durations import format_duration_ns as _text
from tidegauge.expressions.foretold import forecast_calls
from tidegauge.spec.models import Forecast, Pipeline, Window

POINTS = 12
POINTS_FROM_A_DAY = 24
"""Most points of a forecast: the hours of a day, and fewer of less, for shorter cells are noise."""
MOST_SEASON = 168
LEAST_SEASON = 4
"""Points of a season: a week of hours, and as few as show any course."""


class GridError(ValueError):
    """A forecast cannot be made; the message says why, `key` which setting it is about."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(message)
        self.key = key


@dataclass(frozen=True, slots=True)
class Grid:
    """The steps in which a series is looked at and forecast: cells, aligned to the epoch.

    Attributes:
        cell_ns: length of a cell; a multiple of the distance of two results of the window.
        ahead: cells from now to the horizon, 1 to 24.
        every: cells between two forecasts.
        season: cells of a season; None where it is to be found.
        calendar: cells of a week and a day, where these are whole and not too many.
    """

    cell_ns: int
    ahead: int
    every: int
    season: int | None
    calendar: tuple[int, ...]


def grid_of(forecast: Forecast, window: Window) -> Grid:
    """The grid of a forecast.

    Raises:
        GridError: the window's results are not evenly spaced, or a duration does not fit them.
    """
    step_ns = window.every_ns
    if step_ns is None or step_ns <= 0 or not (window.tumbling or window.sliding):
        raise GridError("on", "only fields of tumbling and sliding windows can be forecast")
    if forecast.horizon < step_ns:
        message = f"{_text(forecast.horizon)} is too short: at least {_text(step_ns)}, the distance"
        raise GridError("horizon", f"{message} of the window's results")
    if forecast.every is not None and forecast.every <= 0:
        raise GridError("every", "0s is not allowed; allowed: how often, such as 10m")
    if forecast.season is None:
        steps = -(-forecast.horizon // step_ns)
        cell_ns, season = -(-steps // most_points(forecast.horizon)) * step_ns, None
    else:
        season = _season_cells(forecast.horizon, forecast.season, step_ns)
        cell_ns = forecast.season // season
    ahead = -(-forecast.horizon // cell_ns)
    every = max(-(-(forecast.every or 0) // cell_ns), 1)
    return Grid(cell_ns, ahead, every, season, tuple(_calendar(cell_ns)))


def most_points(horizon_ns: int) -> int:
    """How many points a forecast has at most."""
    return POINTS_FROM_A_DAY if horizon_ns >= UNITS_NS["d"] else POINTS


def _calendar(cell_ns: int) -> Iterator[int]:
    for unit in ("w", "d"):
        cells, rest = divmod(UNITS_NS[unit], cell_ns)
        if not rest and LEAST_SEASON <= cells <= MOST_SEASON:
            yield cells


def _season_cells(horizon_ns: int, season_ns: int, step_ns: int) -> int:
    """In how many cells a season is cut: as many as may be."""
    if season_ns % step_ns:
        message = f"{_text(season_ns)} is no multiple of {_text(step_ns)}, the distance of results"
        raise GridError("season", message)
    steps, most = season_ns // step_ns, most_points(horizon_ns)
    for cells in range(min(MOST_SEASON, steps), LEAST_SEASON - 1, -1):
        if steps % cells == 0 and horizon_ns * cells <= most * season_ns:
            return cells
    raise GridError(
        "season",
        f"{_text(season_ns)} cannot be cut into {LEAST_SEASON} to {MOST_SEASON} equal parts of"
        f" whole results, of which at most {most} reach the horizon {_text(horizon_ns)}; leave it"
        " out, or take another season or horizon",
    )


def all_forecasts(pipeline: Pipeline) -> Mapping[str, Forecast]:
    """The forecasts that the file declares, and those that its alerts need besides.

    A field that an alert wants to know ahead and that no declared forecast is on gets one with the
    defaults that reaches as far as the alerts want, called `window_field_ahead`.
    """
    declared = {forecast.on for forecast in pipeline.forecasts.values()}
    wanted: dict[str, int] = {}
    for alert in pipeline.alerts.values():
        for call in (*forecast_calls(alert.when), *forecast_calls(alert.clear or "")):
            if call.about not in declared:
                wanted[call.about] = max(call.lead_ns, wanted.get(call.about, 0))
    implied = {
        f"{on.replace('.', '_')}_ahead": Forecast.model_validate({"on": on, "horizon": f"{lead}ns"})
        for on, lead in wanted.items()
        if _can_be_forecast(pipeline, on, lead)
    }
    return {**implied, **pipeline.forecasts}


def _can_be_forecast(pipeline: Pipeline, on: str, horizon_ns: int) -> bool:
    window, _, field = on.partition(".")
    found = pipeline.windows.get(window)
    if found is None or field not in found.select:
        return False
    try:
        grid_of(Forecast.model_validate({"on": on, "horizon": f"{horizon_ns}ns"}), found)
    except GridError:
        return False
    return True


def lead_name(forecast: str, lead_ns: int) -> str:
    """Name of the record batches that say what a forecast expects after a time."""
    return f"{forecast} in {_text(lead_ns)}"
