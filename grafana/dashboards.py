"""Dashboards: one a pipeline, and one for what the flows say of themselves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as models

from grafana import variables
from grafana.durations import duration
from grafana.queries.flow import VARIABLE
from grafana.rows import alerts, anomalies, flow, forecasts, now, patterns
from grafana.rows.row import Row, arrange
from grafana.rows.window import WindowRow
from grafana.subject import Subject
from grafana.uids import FLOW_DASHBOARD, forecast_uid
from tidegauge.forecasts import all_forecasts
from tidegauge.spec.models import Dashboard

TAG = "tidegauge"
SCHEMA = 42
"""Version of the classic format, the only one that files can provision."""
_INTERVALS = ["1s", "5s", "10s", "30s", "1m", "5m", "15m", "30m", "1h"]


@dataclass(frozen=True, slots=True)
class Board:
    """A dashboard.

    Attributes:
        model: the dashboard.
        panels: number of the panel about each thing.
    """

    model: models.Dashboard
    panels: Mapping[tuple[str, ...], int]


def pipeline_dashboard(subject: Subject) -> Board:
    """What is wrong now, each window, anomalies, patterns, predictions, alerts."""
    pipeline = subject.pipeline
    about = pipeline.description or f"Pipeline {pipeline.pipeline}"
    windows = [WindowRow(subject, name).row() for name in pipeline.windows]
    found = [
        now.now(subject),
        *windows,
        anomalies.row(subject),
        patterns.row(subject),
        forecasts.prediction_row(subject),
        alerts.row(subject),
    ]
    made = _dashboard(pipeline.pipeline, subject.uid, about, pipeline.dashboard)
    return _board(made, [row for row in found if row], variables.of_pipeline(subject))


def forecast_dashboard(subject: Subject) -> Board | None:
    """What was measured and is expected, before and after now; None where nothing is forecast.

    Its range reaches beyond now, so it is a dashboard of its own.
    """
    row = forecasts.forecast_row(subject)
    if row is None:
        return None
    pipeline = subject.pipeline
    ahead = max(forecast.horizon for forecast in all_forecasts(pipeline).values())
    uid = forecast_uid(pipeline.pipeline)
    about = f"What pipeline {pipeline.pipeline} expects of the time to come"
    made = _dashboard(f"{pipeline.pipeline} forecasts", uid, about, pipeline.dashboard)
    made.time(f"now-{duration(2 * ahead)}", f"now+{duration(ahead)}")
    return _board(made, [row], variables.of_pipeline(subject))


def flow_dashboard(subjects: Sequence[Subject]) -> Board:
    """Throughput and dead letters of one pipeline at a time.

    Args:
        subjects: all pipelines, at least one; the first is shown at first.
    """
    chart = most_live([subject.pipeline.dashboard for subject in subjects])
    about = "What the flows say of themselves: throughput, watermarks, dead letters"
    made = _dashboard("Flow", FLOW_DASHBOARD, about, chart)
    chosen = variables.pipeline_variable(VARIABLE, [each.store for each in subjects])
    return _board(made, flow.rows(chart), [chosen])


def most_live(charts: Sequence[Dashboard]) -> Dashboard:
    """The most points, the shortest update and refresh, the longest range of several."""
    return Dashboard.model_construct(
        buffer=max(chart.buffer for chart in charts),
        update=min(chart.update for chart in charts),
        refresh=min(chart.refresh for chart in charts),
        range=max(chart.range for chart in charts),
    )


def _dashboard(title: str, uid: str, about: str, chart: Dashboard) -> builders.Dashboard:
    made = builders.Dashboard(title).uid(uid).description(about).tags([TAG]).readonly()
    made.refresh(duration(chart.refresh)).time(f"now-{duration(chart.range)}", "now")
    made.tooltip(models.DashboardCursorSync.CROSSHAIR)
    offered = list(dict.fromkeys([duration(chart.refresh), *_INTERVALS]))
    return made.timepicker(builders.TimePicker().refresh_intervals(offered))


def _board(
    made: builders.Dashboard,
    rows: Sequence[Row],
    offered: Sequence[Builder[models.VariableModel]],
) -> Board:
    model = made.link(_link()).build()
    model.panels, numbers = arrange(rows)
    found = [variable.build() for variable in offered]
    model.templating.list_val = variables.used(found, model.panels)
    model.schema_version = SCHEMA
    return Board(model, numbers)


def _link() -> builders.DashboardLink:
    link = builders.DashboardLink("Dashboards").type(models.DashboardLinkType.DASHBOARDS)
    return link.tags([TAG]).as_dropdown(True).keep_time(True)
