"""Key columns in dashboards: the variables that choose values, and the series that are drawn.

A variable without a choice stands for `.*`, so the queries do not grow with the number of keys. How
many series a chart draws is bounded by a hidden variable: the keys with the highest (or lowest)
values and those with most anomalies in the time range, of the ones chosen.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from grafana import influxql
from grafana.influxql import TIME, Store, inner, name, quoted, select
from grafana.thresholds import low_is_bad
from tidegauge.signals import Column

DRAWN = 20
"""Series of a chart that rank highest, and as many with anomalies; fewer with several keys."""
MOST_VALUES = 1_000
"""Values that a variable offers; others can be typed in."""
_WORD = re.compile(r"\w+", re.ASCII)
_ALIAS = re.compile(r"[@/\w-]+(\.[@/\w-]+)*", re.ASCII)
"""Names of tags that an alias can hold."""
_NO_PATH = re.compile(r"[:^}]")
"""What ends the path of a variable."""
_TAKEN = frozenset({"timeFilter", "interval", "m", "measurement", "col"})
"""What the data source puts in by itself."""


def variable_names(keys: Iterable[str]) -> dict[str, str]:
    """A variable's name for each key column: the column's own, where it can be one."""
    found: dict[str, str] = {}
    for key in keys:
        word = re.sub(r"\W", "_", key, flags=re.ASCII)
        wanted = (
            key if _WORD.fullmatch(key) and key not in _TAKEN and key[0] != "_" else f"key_{word}"
        )
        while wanted in found.values() or wanted.startswith(("drawn_", "tag_")):
            wanted = f"key_{wanted}"
        found[key] = wanted
    return found


def matches(key: str, variable: str) -> str:
    """The condition that a key column has one of the variable's values."""
    return f"{name(key)} =~ /^${{{variable}:regex}}$/"


def alias(keys: Sequence[str], otherwise: str) -> str:
    """Name of a series: its keys, or `otherwise` without any.

    The data source puts in tags with plain names; where one has another name, it is a name that
    the page makes of the labels (`is_display_name`).
    """
    if all(_ALIAS.fullmatch(key) for key in keys):
        tags = [f"$tag_{key}" if _WORD.fullmatch(key) else f"[[tag_{key}]]" for key in keys]
    elif any(_NO_PATH.search(key) for key in keys):
        tags = ["${__field.labels}"]
    else:
        tags = [f'${{__field.labels["{key}"]}}' for key in keys]
    return " ".join(tags) or otherwise


def is_display_name(alias: str) -> bool:
    """Whether only the page can make the name of a series, and not the data source."""
    return "${__field.labels" in alias


@dataclass(frozen=True, slots=True)
class Ranking:
    """What decides which series of a window are drawn.

    Attributes:
        store: where the records are.
        window: name of the window.
        keys: its key columns.
        field: the field that ranks them.
        anomalies: anomalies that are looked for in the window.
        variables: the variable of each key column.
    """

    store: Store
    window: str
    keys: tuple[str, ...]
    field: Column
    anomalies: tuple[str, ...]
    variables: Mapping[str, str]

    @property
    def drawn(self) -> int:
        """How many series each of the two rankings gives."""
        return max(DRAWN >> (len(self.keys) - 1), 3)

    @property
    def lowest(self) -> bool:
        """Whether the series with the lowest values are drawn."""
        return low_is_bad(self.field.thresholds)

    def variable(self, key: str) -> str:
        """Name of the hidden variable with the drawn values of a key column."""
        return f"drawn_{self.window}_{self.keys.index(key)}"

    def chosen(self) -> list[str]:
        """Conditions: the keys are among the chosen ones."""
        return [matches(key, self.variables[key]) for key in self.keys]

    def shown(self) -> list[str]:
        """Conditions: the keys are among the drawn ones."""
        return [matches(key, self.variable(key)) for key in self.keys]

    def query(self, key: str) -> str:
        """The values of a key column that are drawn."""
        order = "bottom" if self.lowest else "top"
        found = [self._first(order, f"mean({name(self.field.name)})", self.window)]
        if self.anomalies:
            which = " OR ".join(f'"anomaly" = {influxql.text(each)}' for each in self.anomalies)
            found.append(self._first("top", 'count("value")', "anomalies", f"({which})"))
        return select(name(key), *found)

    def _first(self, order: str, value: str, measurement: str, *conditions: str) -> str:
        tags = quoted(self.keys)
        # A variable cannot hold what has no name.
        named = [f"{tag} <> ''" for tag in tags]
        where = [self.store.own, *conditions, *named, *self.chosen(), TIME]
        source = self.store.measurement(measurement)
        by_series = select(f'{value} AS "_rank"', source, where=where, by=tags)
        ranked = f'{order}("_rank", {", ".join(tags)}, {self.drawn}) AS "_rank"'
        return inner(select(ranked, inner(by_series)))


def values_query(store: Store, key: str, measurements: Iterable[str]) -> str:
    """All values of a key column."""
    return (
        f"SHOW TAG VALUES ON {name(store.bucket)} FROM {', '.join(quoted(measurements))}"
        f" WITH KEY = {name(key)} WHERE {store.own} LIMIT {MOST_VALUES}"
    )
