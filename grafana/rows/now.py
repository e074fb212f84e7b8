"""The first row: what is wrong now."""

from collections.abc import Iterator

from grafana.alerting.look_back import longest
from grafana.influxql import Store
from grafana.panels import gauges, numbers, tables
from grafana.panels.frame import Frame
from grafana.panels.tables import KeyLinks, Shown
from grafana.queries import alerts, anomalies
from grafana.queries.windows import WindowQueries
from grafana.rows.row import Row, Spot
from grafana.subject import NUMBERS, Subject
from grafana.targets import series, table
from tidegauge.catalogue import WINDOW_METADATA

HEIGHT = 8
DIAL = 5
_SOME = {"critical": 1.0}


def now(subject: Subject) -> Row:
    """Alerts that are firing, anomalies, latency, and the worst of each field with thresholds."""
    return Row("Now", [_firing(subject), _list(subject), _anomalies(subject), *_windows(subject)])


def _firing(subject: Subject) -> Spot:
    about = "Alerts that are firing now, whatever is chosen above"
    age_ns = longest(subject.pipeline)
    frame = _frame(subject, "Alerts firing", about, 4, HEIGHT, age_ns)
    query = alerts.number_firing(*_alerts(subject, age_ns))
    target = series("A", query, "active")
    panel = numbers.number(
        frame, target, "short", thresholds=_SOME, none=numbers.UNKNOWN, total="active"
    )
    return Spot(panel, ("active",))


def _list(subject: Subject) -> Spot:
    about = (
        "What is firing now, whatever is chosen above; an alert whose stream is silent stays here"
    )
    age_ns = longest(subject.pipeline)
    frame = _frame(subject, "What is wrong now", about, 20, HEIGHT, age_ns)
    columns = [
        Shown("level", "Level", width=70),
        Shown("alert", "Alert", width=180),
        *(Shown(tag, tag) for tag in subject.alert_tags),
        Shown("_since", "Since", "dateTimeFromNow", 160),
        Shown("value", "Value", width=110),
        Shown("summary", "What happened"),
        Shown("Time", "Evaluated", "dateTimeFromNow", 160),
    ]
    query = alerts.firing(*_alerts(subject, age_ns))
    links = KeyLinks(subject.uid, list(subject.variables.items()))
    hidden = ["active", "state"]
    target = table("A", query)
    panel = tables.rows(frame, target, columns, hidden=hidden, links=links, highest="level")
    return Spot(panel, ("wrong",))


def _anomalies(subject: Subject) -> Spot:
    about = "Anomalies in the time range of the dashboard"
    frame = _frame(subject, "Anomalies in range", about, 4, DIAL)
    target = series("A", anomalies.number(subject.store), "anomalies")
    return Spot(
        numbers.number(frame, target, "short", none=numbers.UNKNOWN, total="anomalies"),
        ("anomalies",),
    )


def _windows(subject: Subject) -> Iterator[Spot]:
    for name, window in subject.pipeline.windows.items():
        queries = WindowQueries(subject.store, name, window, subject.ranking(name))
        recent_ns = subject.recent_ns(name)
        latency = next(column for column in WINDOW_METADATA if column.name == "latency_ms")
        frame = _frame(subject, f"Latency: {name}", latency.description, 4, DIAL, recent_ns)
        target = series("A", queries.latency(recent_ns), "latency")
        yield Spot(numbers.number(frame, target, latency.unit), (name, "latency_ms"))
        for field in subject.fields(name):
            if field.thresholds and field.type in NUMBERS:
                which = f" ({', '.join(window.by)} with the worst value)" if window.by else ""
                about = f"{subject.describe(name, field)}, now{which}"
                frame = _frame(subject, f"{field.name} now", about, 4, DIAL, recent_ns)
                target = series("A", queries.now(field, recent_ns), field.name)
                yield Spot(gauges.worst(frame, target, field), (name, field.name, "now"))


def _alerts(
    subject: Subject, age_ns: int
) -> tuple[Store, list[str], int, dict[str, int], list[str]]:
    return subject.store, subject.alert_tags, age_ns, subject.lasting, subject.moments


def _frame(
    subject: Subject,
    title: str,
    about: str,
    width: int,
    height: int,
    look_back_ns: int | None = None,
) -> Frame:
    chart = subject.pipeline.dashboard
    return Frame(title, about, width, height, chart.buffer, chart.update, look_back_ns)
