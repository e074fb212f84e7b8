"""The row of a window: each metric over time, where its values lie, who has the worst."""

from collections.abc import Iterator

from grafana_foundation_sdk.models.dashboard import Panel

from grafana.keys import alias
from grafana.panels import gauges, heat_map, lines, states
from grafana.panels.frame import Frame, unit
from grafana.queries import anomalies
from grafana.queries.windows import WORST, WindowQueries
from grafana.rows.row import Row, Spot
from grafana.subject import NUMBERS, Subject
from grafana.targets import Target, series, table
from grafana.thresholds import low_is_bad
from tidegauge.signals import Column
from tidegauge.spec.kinds import in_words

WIDTH, HEIGHT = 12, 8
_MARKS = "BCDEFGHIJKLMNOPQRSTUVWXYZ"


class WindowRow:
    """Makes the row of a window.

    Args:
        subject: the pipeline.
        name: name of the window.
    """

    def __init__(self, subject: Subject, name: str) -> None:
        self._subject = subject
        self._name = name
        self._window = subject.pipeline.windows[name]
        self._ranking = subject.ranking(name)
        self._queries = WindowQueries(subject.store, name, self._window, self._ranking)

    def row(self) -> Row:
        """The row."""
        about = self._window.description or in_words(self._window)
        return Row(f"{self._name}: {about}", list(self._spots()))

    def _spots(self) -> Iterator[Spot]:
        fields = self._subject.fields(self._name)
        for field in fields:
            panel = self._lines(field) if field.type in NUMBERS else self._states(field)
            yield Spot(panel, (self._name, field.name))
        main = self._subject.main_field(self._name)
        if self._ranking and main:
            yield Spot(self._density(main), (self._name, main.name, "density"))
            for field in fields:
                if field.type in NUMBERS and (field.thresholds or field == main):
                    yield Spot(self._worst(field), (self._name, field.name, "worst"))
        yield Spot(self._events(), (self._name, "data_points"))

    def _lines(self, field: Column) -> Panel:
        target = series("A", self._queries.lines(field), alias(self._window.by, field.name))
        frame = self._frame(field.name, f"{self._meaning(field)}{self._drawn()}")
        return lines.lines(
            frame,
            [target],
            unit(field),
            thresholds=field.thresholds,
            marks=list(self._marks(field)),
        )

    def _marks(self, field: Column) -> Iterator[Target]:
        shown = self._ranking.shown() if self._ranking else []
        on = f"{self._name}.{field.name}"
        judged = (
            name for name, found in self._subject.pipeline.anomalies.items() if found.on == (on,)
        )
        for letter, anomaly in zip(_MARKS, judged, strict=False):
            query = anomalies.marks(self._subject.store, anomaly, self._window.by, shown)
            yield series(letter, query, f"{anomaly} {alias(self._window.by, '')}".strip())

    def _states(self, field: Column) -> Panel:
        target = series("A", self._queries.states(field), alias(self._window.by, field.name))
        frame = self._frame(field.name, f"{self._meaning(field)}{self._drawn()}")
        return states.timeline(frame, target, unit(field))

    def _density(self, field: Column) -> Panel:
        about = f"{self._meaning(field)}: how many {self._keys()} lie where, of all that are chosen"
        frame = self._frame(f"{field.name}: where all lie", about, heat_map.COLUMNS)
        target = series("A", self._queries.density(field), alias(self._window.by, field.name))
        return heat_map.density(frame, target, unit(field))

    def _worst(self, field: Column) -> Panel:
        which = f"the {WORST} {self._extreme(field)} {self._keys()} now; click one to choose it"
        about = f"{self._meaning(field)}: {which}"
        chart, age_ns = self._subject.pipeline.dashboard, self._subject.recent_ns(self._name)
        frame = Frame(
            f"{field.name}: {self._extreme(field)} now",
            about,
            WIDTH,
            HEIGHT,
            chart.buffer,
            chart.update,
            age_ns,
        )
        # The query gives the time, the value, then the keys.
        variables = [
            (place, self._subject.variables[key])
            for place, key in enumerate(self._window.by, start=2)
        ]
        target = table("A", self._queries.worst_now(field, age_ns))
        return gauges.worst_keys(frame, target, field, self._subject.uid, variables)

    def _events(self) -> Panel:
        when = "in the window" if self._queries.overlaps else "in each step"
        about = f"Events {when}, of all that are chosen together"
        target = series("A", self._queries.events(), "events")
        return lines.lines(self._frame("Events", about), [target], "short")

    def _frame(self, title: str, about: str, points: int | None = None) -> Frame:
        step_ns = self._subject.step_ns(self._name)
        return Frame(
            title, about, WIDTH, HEIGHT, points or self._subject.pipeline.dashboard.buffer, step_ns
        )

    def _meaning(self, field: Column) -> str:
        return self._subject.describe(self._name, field)

    def _keys(self) -> str:
        return " × ".join(self._window.by)

    def _extreme(self, field: Column) -> str:
        return "lowest" if low_is_bad(field.thresholds) else "highest"

    def _drawn(self) -> str:
        """Which series a chart draws."""
        ranking = self._ranking
        if ranking is None:
            return ""
        extreme = "lowest" if ranking.lowest else "highest"
        also = f" and {ranking.drawn} with most anomalies" if ranking.anomalies else ""
        first = f"the {ranking.drawn} {self._keys()} with the {extreme} {ranking.field.name}"
        return f". Drawn: {first}{also}"
