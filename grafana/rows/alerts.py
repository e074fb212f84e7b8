"""The row of alerts: their states over time, and the last state of each."""

from grafana.keys import alias
from grafana.panels import states, tables
from grafana.panels.frame import Frame
from grafana.panels.tables import KeyLinks, Shown
from grafana.queries import alerts
from grafana.rows.row import Row, Spot
from grafana.subject import Subject
from grafana.targets import series, table
from tidegauge.durations import parse_duration_ns

TIMELINE = ("alerts", "timeline")
HEIGHT = 9


def row(subject: Subject) -> Row:
    """The row."""
    return Row("Alerts", [_timeline(subject), _list(subject)])


def _timeline(subject: Subject) -> Spot:
    about = (
        "State of each alert that changed in the time range; it lasts until it changes again, and"
        f" for {alerts.MOMENT} where nothing resolves it"
    )
    named = alias(["alert", *_keys(subject)], "")
    of = (subject.store, subject.alert_tags, subject.moments)
    lasting = series("A", alerts.over_time(*of), named)
    moments = series("B", alerts.moments_over_time(*of), named)
    frame = _frame(subject, "States", about, states.STEPS)
    panel = states.alert_timeline(frame, lasting, moments, parse_duration_ns(alerts.MOMENT))
    return Spot(panel, TIMELINE)


def _list(subject: Subject) -> Spot:
    about = "The last state of each alert in the time range"
    columns = [
        Shown("Time", "When", "dateTimeAsIso", 180),
        Shown("state", "State", width=100),
        Shown("level", "Level", width=70),
        Shown("alert", "Alert", width=180),
        *(Shown(tag, tag) for tag in subject.alert_tags),
        Shown("value", "Value", width=110),
        Shown("summary", "What happened"),
    ]
    target = table("A", alerts.latest(subject.store, subject.alert_tags))
    links = KeyLinks(subject.uid, list(subject.variables.items()))
    frame = _frame(subject, "Alerts", about)
    panel = tables.rows(frame, target, columns, hidden=["active", "since_ns"], links=links)
    return Spot(panel, ("alerts", "list"))


def _keys(subject: Subject) -> list[str]:
    return [tag for tag in subject.alert_tags if tag != "anomaly"]


def _frame(subject: Subject, title: str, about: str, points: int | None = None) -> Frame:
    chart = subject.pipeline.dashboard
    points = min(points or chart.buffer, chart.buffer)
    return Frame(title, about, 24, HEIGHT, points, chart.update)
