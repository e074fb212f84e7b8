"""Alert rules, evaluated as Grafana evaluates them: queries, reduce, threshold, states."""

import operator
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.grafana.database import ask
from tests.grafana.macros import Range, with_time
from tests.grafana.notifications import expanded
from tests.services.influxdb import InfluxDB

Labels = tuple[tuple[str, str], ...]
MISSES_TO_RESOLVE = 2
"""Evaluations without a series that was there, until it counts as resolved; Grafana's own."""
_COMPARED: Mapping[str, Callable[[float, float], bool]] = {"gt": operator.gt, "lt": operator.lt}


@dataclass(frozen=True)
class Result:
    """What an evaluation gave.

    Attributes:
        fires: whether each series fires; empty where there was no data.
        numbers: the number of each expression, by series.
    """

    fires: Mapping[Labels, bool]
    numbers: Mapping[str, Mapping[Labels, float]]

    def texts(self, rule: Mapping[str, Any]) -> dict[Labels, str]:
        """The summary of each series that fires."""
        summary = rule["annotations"]["summary"]
        return {
            labels: expanded(summary, dict(labels) | rule["labels"], self.values(labels))
            for labels, fires in self.fires.items()
            if fires
        }

    def values(self, labels: Labels) -> dict[str, float]:
        """The numbers of the expressions that are of a series: labels that contain each other."""
        return {
            name: number
            for name, numbers in self.numbers.items()
            for of, number in numbers.items()
            if set(of) <= set(labels) or set(labels) <= set(of)
        }


@dataclass(frozen=True)
class Moment:
    """When a rule is evaluated, and what the store holds; as `evaluate`."""

    at_ms: int
    stored_ms: int | None = None
    live: bool = False


def evaluate(
    server: InfluxDB,
    database: str,
    rule: Mapping[str, Any],
    at_ms: int,
    *,
    stored_ms: int | None = None,
    only: Collection[str] = "ABCDE",
    live: bool = False,
) -> Result:
    """Evaluate a rule at a time.

    Args:
        server: the database's server.
        database: database of the data source.
        rule: the rule, as the file has it.
        at_ms: time of the evaluation.
        stored_ms: the store holds nothing of later than this; `at_ms` unless said.
        only: letters of the queries and expressions that are wanted.
        live: the store holds what it held at that time, and records of later are seen as then.
    """
    series: dict[str, dict[Labels, list[float | None]]] = {}
    numbers: dict[str, dict[Labels, float]] = {}
    spans = {query["relativeTimeRange"]["from"] for query in rule["data"]} - {0}
    assert len(spans) == 1, "the data source would use the range of the first query for all"
    for query in rule["data"]:
        model, name = query["model"], query["refId"]
        assert model["refId"] == name
        if name not in only:
            continue
        if query["datasourceUid"] == "influxdb":
            series[name] = _series(server, database, query, Moment(at_ms, stored_ms, live))
        elif model["type"] == "reduce":
            numbers[name] = _reduced(model, series[model["expression"]])
        else:
            numbers[name] = _compared(model, numbers[model["expression"]])
    fires = {labels: bool(number) for labels, number in numbers[rule["condition"]].items()}
    return Result(fires, numbers)


@dataclass
class Instances:
    """The states of a rule's series over its evaluations.

    Attributes:
        firing: series that fire now.
        notifications: series and time of each beginning of a firing.
        resolutions: series and time of each end.
    """

    rule: Mapping[str, Any]
    firing: set[Labels] = field(default_factory=set)
    notifications: list[tuple[Labels, int]] = field(default_factory=list)
    resolutions: list[tuple[Labels, int]] = field(default_factory=list)
    _missed: dict[Labels, int] = field(default_factory=dict)

    def take(self, result: Result, at_ms: int) -> None:
        """Take the result of an evaluation."""
        if not result.fires:
            # What KeepLast would keep, OK resolves.
            assert self.rule["noDataState"] in {"OK", "KeepLast"}
            if self.rule["noDataState"] == "OK":
                self._resolve(set(self.firing), at_ms)
            return
        for labels, fires in result.fires.items():
            self._missed.pop(labels, None)
            if fires and labels not in self.firing:
                self.firing.add(labels)
                self.notifications.append((labels, at_ms))
            elif not fires:
                self._resolve({labels}, at_ms)
        for labels in self.firing - set(result.fires):
            self._missed[labels] = self._missed.get(labels, 0) + 1
            if self._missed[labels] >= MISSES_TO_RESOLVE:
                self._resolve({labels}, at_ms)

    def _resolve(self, ended: Iterable[Labels], at_ms: int) -> None:
        for labels in self.firing.intersection(ended):
            self.firing.discard(labels)
            self.resolutions.append((labels, at_ms))


def _series(
    server: InfluxDB, database: str, query: Mapping[str, Any], moment: "Moment"
) -> dict[Labels, list[float | None]]:
    span = query["relativeTimeRange"]
    assert span["to"] == 0
    seen = Range(moment.at_ms - span["from"] * 1_000, moment.at_ms)
    text = with_time(query["model"]["query"], seen, ends=not moment.live)
    if moment.stored_ms is not None:
        text = text.replace(f"time <= {moment.at_ms}ms", f"time <= {moment.stored_ms}ms")
    found: dict[Labels, list[float | None]] = {}
    for one in ask(server, database, text):
        (column,) = (name for name in one.columns if name != "time")
        values = one.column(column)
        assert all(value is None or isinstance(value, int | float) for value in values), (
            "an alert query takes numbers only"
        )
        found[tuple(sorted(one.tags.items()))] = values
    return found


def _reduced(
    model: Mapping[str, Any], series: Mapping[Labels, list[float | None]]
) -> dict[Labels, float]:
    assert (model["reducer"], model["settings"]["mode"]) == ("last", "dropNN")
    numbers = ((labels, [v for v in values if v is not None]) for labels, values in series.items())
    return {labels: values[-1] for labels, values in numbers if values}


def _compared(model: Mapping[str, Any], numbers: Mapping[Labels, float]) -> dict[Labels, float]:
    assert model["type"] == "threshold"
    (condition,) = model["conditions"]
    compare = _COMPARED[condition["evaluator"]["type"]]
    (bound,) = condition["evaluator"]["params"]
    return {labels: float(compare(number, bound)) for labels, number in numbers.items()}
