"""InfluxDB, asked as Grafana's data source asks it."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import urllib3

from tests.services.influxdb import InfluxDB


@dataclass(frozen=True)
class Series:
    """A series of an answer; times are milliseconds."""

    name: str
    tags: dict[str, str]
    columns: list[str]
    rows: list[list[Any]]

    def column(self, name: str) -> list[Any]:
        """The values of a column."""
        place = self.columns.index(name)
        return [row[place] for row in self.rows]


_POOL = urllib3.PoolManager(timeout=60)


class QueryRefusedError(Exception):
    """The database did not take a query."""


def ask(server: InfluxDB, database: str, query: str) -> list[Series]:
    """The series of a query, as a form that is posted with times in milliseconds.

    Raises:
        QueryRefusedError: it was refused.
    """
    response = _POOL.request(
        "POST",
        f"{server.url}/query?{urlencode({'db': database, 'epoch': 'ms'})}",
        fields={"q": query},
        encode_multipart=False,
        headers={"Authorization": f"Token {server.token}"},
    )
    if response.status != 200:
        raise QueryRefusedError(f"{response.data.decode()}: {query}")
    (result,) = response.json()["results"]
    if "error" in result:
        raise QueryRefusedError(f"{result['error']}: {query}")
    return [
        Series(one.get("name", ""), one.get("tags", {}), one["columns"], one["values"])
        for one in result.get("series", [])
    ]
