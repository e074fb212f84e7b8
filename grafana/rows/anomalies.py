"""The row of anomalies: what was measured, what was expected, the newest in a table."""

from collections.abc import Iterator

from grafana_foundation_sdk.models.dashboard import Panel

from grafana.keys import alias, matches
from grafana.panels import lines, tables
from grafana.panels.frame import NO_UNIT, Frame
from grafana.panels.tables import KeyLinks, Shown
from grafana.queries import anomalies
from grafana.rows.row import Row, Spot
from grafana.subject import Subject
from grafana.targets import series, table
from tidegauge.catalogue import ANOMALY_FIELDS, read_columns
from tidegauge.expressions.targets import anomaly_keys
from tidegauge.spec.models import Anomaly

WIDTH, HEIGHT = 12, 8


def row(subject: Subject) -> Row | None:
    """A panel for each anomaly and a table of all; nothing where none is looked for."""
    found = subject.pipeline.anomalies
    if not found:
        return None
    return Row("Anomalies", [Spot(_list(subject), ("anomalies", "list")), *_charts(subject)])


def _charts(subject: Subject) -> Iterator[Spot]:
    for name, anomaly in subject.pipeline.anomalies.items():
        keys = anomaly_keys(subject.pipeline, anomaly)
        conditions = [matches(key, subject.variables[key]) for key in keys]
        expected = anomalies.expected(subject.store, name, keys, conditions)
        marks = anomalies.marks(subject.store, name, keys, conditions)
        panel = lines.lines(
            _frame(
                subject, name, anomaly.description or f"Unusual values of {anomaly.watched}", WIDTH
            ),
            [series("A", expected, f"expected {alias(keys, '')}".strip())],
            _unit(subject, anomaly),
            marks=[series("B", marks, alias(keys, name))],
        )
        yield Spot(panel, ("anomaly", name))


def _list(subject: Subject) -> Panel:
    keys = list(subject.variables)
    meanings = {column.name: column.description for column in ANOMALY_FIELDS}
    columns = [
        Shown("Time", "When", "dateTimeAsIso", 180),
        Shown("anomaly", "Anomaly", width=200),
        *(Shown(key, key) for key in keys),
        *(Shown(field, field) for field in anomalies.TOLD),
    ]
    about = f"The newest {anomalies.LISTED}. Score: {meanings['score'].lower()}"
    target = table("A", anomalies.newest(subject.store, keys, _tolerant(subject)))
    links = KeyLinks(subject.uid, list(subject.variables.items()))
    return tables.rows(_frame(subject, "Newest anomalies", about, 24), target, columns, links=links)


def _tolerant(subject: Subject) -> list[str]:
    """Conditions on all keys; an anomaly without one of them passes while nothing is chosen."""
    return [matches(key, variable) for key, variable in subject.variables.items()]


def _unit(subject: Subject, anomaly: Anomaly) -> str:
    """The unit of what is judged; distances have none."""
    target, field = anomaly.target, anomaly.fields[0]
    if len(anomaly.fields) > 1:
        return NO_UNIT
    if target in subject.pipeline.windows:
        found = next((column for column in subject.fields(target) if column.name == field), None)
        return (found.unit if found else "") or NO_UNIT
    pipeline = subject.pipeline
    declared = read_columns(pipeline.sources[target], pipeline.tables).get(field)
    return (declared.unit if declared else "") or NO_UNIT


def _frame(subject: Subject, title: str, about: str, width: int) -> Frame:
    chart = subject.pipeline.dashboard
    return Frame(title, about, width, HEIGHT, chart.buffer, chart.update)
