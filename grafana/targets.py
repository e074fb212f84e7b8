"""Queries of panels: InfluxQL for the data source, which the SDK has no type for."""

from typing import Literal

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models.common import DataSourceRef

from grafana.uids import DATA_SOURCE

ResultFormat = Literal["time_series", "table"]


def data_source() -> DataSourceRef:
    """The InfluxDB of all pipelines."""
    return DataSourceRef(type_val="influxdb", uid=DATA_SOURCE)


class InfluxQuery(Dataquery):
    """A raw InfluxQL query.

    Attributes:
        ref_id: its letter in the panel.
        query: the text, with Grafana's macros and variables in it.
        result_format: a frame a series, or one table.
        alias: name of a series, with `$tag_…` in it; empty for a table.
    """

    def __init__(
        self, ref_id: str, query: str, result_format: ResultFormat, alias: str = ""
    ) -> None:
        self.ref_id = ref_id
        self.query = query
        self.result_format = result_format
        self.alias = alias

    def to_json(self) -> dict[str, object]:
        """As Grafana stores it."""
        stored: dict[str, object] = {
            "datasource": data_source(),
            "query": self.query,
            "rawQuery": True,
            "refId": self.ref_id,
            "resultFormat": self.result_format,
        }
        return stored | ({"alias": self.alias} if self.alias else {})


class Target(Builder[Dataquery]):
    """Builder of a query, as panels want it."""

    def __init__(self, query: InfluxQuery) -> None:
        self.query = query

    def build(self) -> Dataquery:
        """The query."""
        return self.query


def series(ref_id: str, query: str, alias: str) -> Target:
    """A query that gives a frame a series, named by the alias."""
    return Target(InfluxQuery(ref_id, query, "time_series", alias))


def table(ref_id: str, query: str) -> Target:
    """A query that gives one table: the time, then tags, then fields."""
    return Target(InfluxQuery(ref_id, query, "table"))
