"""The row of patterns: how many matches there were, and the newest of each in a table."""

from collections.abc import Iterator

from grafana_foundation_sdk.models.dashboard import Panel

from grafana.keys import matches
from grafana.panels import lines, tables
from grafana.panels.frame import Frame
from grafana.panels.tables import KeyLinks, Shown
from grafana.queries import patterns
from grafana.rows.row import Row, Spot
from grafana.subject import Subject
from grafana.targets import Target, series, table
from tidegauge.catalogue import MATCH_FIELDS, timeouts_of

CHART, TABLE, HEIGHT = 8, 16, 8
_COUNT = "matches"
_METADATA = {column.name for column in MATCH_FIELDS}


def row(subject: Subject) -> Row | None:
    """A chart and a table for each pattern; nothing where none is looked for."""
    found = subject.pipeline.patterns
    if not found:
        return None
    return Row("Patterns", [spot for name in found for spot in _spots(subject, name)])


def _spots(subject: Subject, name: str) -> Iterator[Spot]:
    about = subject.pipeline.patterns[name].description or f"Matches of {name}"
    chart = _frame(subject, name, about, CHART)
    yield Spot(lines.bars(chart, list(_counts(subject, name)), "short"), (name, _COUNT))
    listed = _frame(subject, f"Newest of {name}", f"The newest {patterns.LISTED}", TABLE)
    yield Spot(_list(subject, name, listed), (name, "list"))


def _counts(subject: Subject, name: str) -> Iterator[Target]:
    conditions = _conditions(subject, name)
    yield series("A", patterns.over_time(subject.store, name, conditions), "matches")
    if subject.pipeline.patterns[name].timeouts:
        query = patterns.over_time(subject.store, timeouts_of(name), conditions)
        yield series("B", query, "timeouts")


def _list(subject: Subject, name: str, frame: Frame) -> Panel:
    signal = subject.catalogue[name]
    measures = [column for column in signal.fields if column.name not in _METADATA]
    keys = [tag.name for tag in signal.tags]
    columns = [
        Shown("Time", "When", "dateTimeAsIso", 180),
        *(Shown(key, key) for key in keys),
        Shown("events", "events", width=90),
        *(Shown(measure.name, measure.name, measure.unit) for measure in measures),
    ]
    named = [shown.column for shown in columns[1:]]
    query = patterns.newest(subject.store, name, named, _conditions(subject, name))
    known = [(key, subject.variables[key]) for key in keys if key in subject.variables]
    return tables.rows(frame, table("A", query), columns, links=KeyLinks(subject.uid, known))


def _conditions(subject: Subject, name: str) -> list[str]:
    keys = subject.pipeline.patterns[name].by
    return [matches(key, subject.variables[key]) for key in keys if key in subject.variables]


def _frame(subject: Subject, title: str, about: str, width: int) -> Frame:
    chart = subject.pipeline.dashboard
    return Frame(title, about, width, HEIGHT, chart.buffer, chart.update)
