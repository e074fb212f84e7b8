"""What a dashboard asks a store, variables and times put in."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.grafana.database import Series, ask
from tests.grafana.macros import Choice, Range, interval, with_time, with_variables
from tests.services.influxdb import InfluxDB

SPAN = "30m"
"""What a dashboard of the tests looks back."""


@dataclass
class Asking:
    """A dashboard that asks a server, as somebody would see it at a time.

    Attributes:
        server: where the store is.
        board: the dashboard.
        at_ms: now.
        choices: what each variable stands for.
        span: what it looks back.
    """

    server: InfluxDB
    board: Any
    at_ms: int
    choices: dict[str, Choice] = field(default_factory=dict)
    span: str = SPAN

    @property
    def variables(self) -> dict[str, Any]:
        """The dashboard's variables by name."""
        return {variable["name"]: variable for variable in self.board["templating"]["list"]}

    def choose(self, choices: Mapping[str, Choice]) -> None:
        """Choose for some variables; the others stand for all, hidden ones ask the store."""
        self.choices = dict(choices)
        for name, variable in self.variables.items():
            if name in choices:
                continue
            if "allValue" in variable:
                self.choices[name] = Choice(literal=variable["allValue"])
            else:
                self.choices[name] = Choice(self.values(name))

    def values(self, name: str) -> list[str]:
        """The values that a variable offers: those of the first column of texts."""
        text = with_variables(self.variables[name]["query"]["query"], self.choices)
        found: dict[str, None] = {}
        for series in ask(
            self.server, "none", with_time(text, Range.before(self.at_ms, self.span))
        ):
            column = "value" if text.startswith("SHOW") else series.columns[1]
            offered = series.column(column)
            assert all(isinstance(value, str) and value for value in offered), text
            found |= dict.fromkeys(offered)
        return list(found)

    def answers(
        self, panel: Any, at_ms: int | None = None, absolute: Range | None = None
    ) -> Iterator[tuple[Any, list[Series]]]:
        """Each query of a panel, and what it gives.

        Args:
            panel: the panel.
            at_ms: now; that of the dashboard by default.
            absolute: what the dashboard looks at, where it is no time before now. Grafana then
                leaves the panel's own time (`timeFrom`) aside.
        """
        now_ms = at_ms or self.at_ms
        span = absolute or Range.before(now_ms, panel.get("timeFrom", self.span))
        step = interval(span, panel["maxDataPoints"], panel["interval"])
        for target in panel["targets"]:
            text = with_variables(target["query"], self.choices)
            yield target, ask(self.server, "none", with_time(text, span, step, now_ms))
