"""InfluxQL: names, texts and sources as the language wants them."""

from collections.abc import Iterable
from dataclasses import dataclass

from grafana.durations import duration

POLICY = "autogen"
"""The retention policy of every bucket's database."""
TIME = "$timeFilter"
"""Macro of Grafana: `time >= …ms and time <= …ms` of the panel or rule."""
STEP = "time($__interval)"
"""Group of a chart's points; the macro is their distance, at least the panel's interval."""


def name(text: str) -> str:
    """A measurement, tag, field or database, quoted."""
    return '"' + text.replace("\\", r"\\").replace('"', r"\"") + '"'


def text(value: str) -> str:
    """A string, quoted."""
    return "'" + value.replace("\\", r"\\").replace("'", r"\'") + "'"


def since(age_ns: int) -> str:
    """The condition that a point is from the last so much before now, whatever is looked at."""
    return f"time > now() - {duration(age_ns)}"


def quoted(parts: Iterable[str]) -> list[str]:
    """Names, each quoted."""
    return list(map(name, parts))


def applied(function: str, field: str) -> str:
    """A function of a field, under the field's own name."""
    return f"{function}({name(field)}) AS {name(field)}"


def inner(query: str) -> str:
    """A query as the source of another."""
    return f"({query})"


def select(
    what: str,
    *sources: str,
    where: Iterable[str] = (),
    by: Iterable[str] = (),
    fill: str = "",
    end: str = "",
) -> str:
    """A query.

    Args:
        what: its columns.
        sources: measurements or inner queries, whose points are put together.
        where: conditions that must all hold.
        by: what its points are grouped by: a step of time, tags.
        fill: what becomes of steps without a point.
        end: order and limit.
    """
    conditions, groups = " AND ".join(where), ", ".join(by)
    clauses = [
        ("SELECT", what),
        ("FROM", ", ".join(sources)),
        ("WHERE", conditions),
        ("GROUP BY", groups),
        ("", f"fill({fill})" if fill else ""),
        ("", end),
    ]
    return " ".join(f"{word} {clause}".strip() for word, clause in clauses if clause)


@dataclass(frozen=True, slots=True)
class Store:
    """Where the records of a pipeline are.

    Attributes:
        bucket: bucket of InfluxDB 2, database of 1 and 3.
        pipeline: name of the pipeline, which every record carries as a tag.
    """

    bucket: str
    pipeline: str

    def measurement(self, measurement: str) -> str:
        """A measurement with its database, so that one data source serves all pipelines."""
        return f"{name(self.bucket)}.{name(POLICY)}.{name(measurement)}"

    @property
    def own(self) -> str:
        """The condition that a record is of this pipeline: a bucket may hold several."""
        return f'"pipeline" = {text(self.pipeline)}'
