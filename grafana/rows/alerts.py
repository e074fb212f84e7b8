"""The row of alerts: their states over time, and the last state of each."""

from grafana.keys import alias
from grafana.panels import states, tables
from grafana.panels.frame import Frame
from grafana.panels.tables import KeyLinks, Shown
from grafana.queries import alerts
from grafana.rows.row import Row, Spot
from grafana.subject import Subject
from grafana.targets import series, table

TIMELINE = ("alerts", "timeline")
HEIGHT = 9


def row(subject: Subject) -> Row:
    """The row."""
    return Row("Alerts", [_timeline(subject), _list(subject)])


def _timeline(subject: Subject) -> Spot:
    about = "State of each alert that changed in the time range; it lasts until it changes again"
    query = alerts.over_time(subject.store, subject.alert_tags)
    target = series("A", query, alias(["alert", *_keys(subject)], ""))
    frame = _frame(subject, "States", about)
    return Spot(states.timeline(frame, target, "string", states.ALERT_COLORS), TIMELINE)


def _list(subject: Subject) -> Spot:
    about = "The last state of each alert in the time range"
    columns = [
        Shown("Time", "When", "dateTimeAsIso", 180),
        Shown("state", "State", width=100),
        Shown("level", "Level", width=70),
        Shown("alert", "Alert", width=180),
        *(Shown(tag, tag) for tag in subject.alert_tags),
        Shown("value", "Value", "short", 110),
        Shown("summary", "What happened"),
    ]
    target = table("A", alerts.latest(subject.store, subject.alert_tags))
    links = KeyLinks(subject.uid, list(subject.variables.items()))
    frame = _frame(subject, "Alerts", about)
    panel = tables.rows(frame, target, columns, hidden=["active", "since_ns"], links=links)
    return Spot(panel, ("alerts", "list"))


def _keys(subject: Subject) -> list[str]:
    return [tag for tag in subject.alert_tags if tag != "anomaly"]


def _frame(subject: Subject, title: str, about: str) -> Frame:
    chart = subject.pipeline.dashboard
    return Frame(title, about, 24, HEIGHT, chart.buffer, chart.update)
