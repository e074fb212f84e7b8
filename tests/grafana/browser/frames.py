"""Frames that Grafana's InfluxDB data source makes of an answer.

A table is one frame: the time, the tags of the groups, the columns. A time series is a frame for
each column of each series, named by the alias.
"""

import re
from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Any

from tests.grafana.database import Series

_ALIAS = re.compile(r"\[\[([@/\w-]+(?:\.[@/\w-]+)*)\]\]|\$([@\w-]+)", re.ASCII)
_TYPES = {bool: "boolean", int: "number", float: "number", str: "string"}


def frames(target: Mapping[str, Any], found: Iterable[Series]) -> list[dict[str, Any]]:
    """The frames of a query's answer, as JSON."""
    series = list(found)
    if not series:
        return []
    if target["resultFormat"] == "table":
        return [_table(target, series)]
    return [
        _frame(target, one, column) for one in series for column in one.columns if column != "time"
    ]


def _table(target: Mapping[str, Any], series: list[Series]) -> dict[str, Any]:
    first = series[0]
    fields = [_field("Time", _joined(series, "time"), "time")]
    for tag in first.tags:
        values = [one.tags[tag] for one in series for _ in one.rows]
        fields.append(_field(tag, values, "string"))
    fields += [
        _field(column, _joined(series, column)) for column in first.columns if column != "time"
    ]
    return {"name": first.name, "refId": target["refId"], "fields": fields}


def _frame(target: Mapping[str, Any], one: Series, column: str) -> dict[str, Any]:
    name = _ALIAS.sub(lambda found: _tag(one, found), target.get("alias", column))
    value = _field("Value", one.column(column))
    value |= {"labels": one.tags, "config": {"displayNameFromDS": name}}
    times = _field("Time", one.column("time"), "time")
    return {"name": name, "refId": target["refId"], "fields": [times, value]}


def _tag(one: Series, found: re.Match[str]) -> str:
    named = found[1] or found[2]
    return one.tags.get(named.removeprefix("tag_"), found[0])


def _field(name: str, values: list[Any], kind: str = "") -> dict[str, Any]:
    known = (value for value in values if value is not None)
    return {
        "name": name,
        "type": kind or _TYPES[type(next(known, 0.0))],
        "values": values,
        "config": {"displayNameFromDS": name},
    }


def _joined(series: list[Series], column: str) -> list[Any]:
    return list(chain.from_iterable(one.column(column) for one in series))
