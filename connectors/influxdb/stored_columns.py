"""Columns that a bucket holds already, against those that a pipeline would write."""

import json
from collections.abc import Iterator
from typing import Any

from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.rest import ApiException

from connectors.influxdb.client import open_client
from connectors.influxdb.conflicts import Columns, Conflict, conflicts_between, written_columns
from connectors.influxdb.faults import TRANSPORT_FAULTS
from tidegauge.catalogue import Catalogue
from tidegauge.settings import Settings

_TYPES = {"float": "float", "integer": "int", "string": "string", "boolean": "bool"}
"""InfluxQL's names of types, and those of the pipeline file."""


def stored_conflicts(settings: Settings, bucket: str, catalogue: Catalogue) -> list[Conflict]:
    """Columns of a pipeline whose points InfluxDB would refuse, or mix up with those it holds.

    Nothing where the token may not read the bucket, or there is no such bucket yet.
    """
    try:
        with open_client(settings, settings.start_timeout_s) as client:
            return conflicts_between(_stored(client, bucket), written_columns(catalogue))
    except (ApiException, *TRANSPORT_FAULTS):
        return []


def _stored(client: InfluxDBClient, bucket: str) -> Columns:
    """`tag`, or the type of the field, by measurement and name.

    InfluxQL tells a field twice that has two types in different shards: the newest shard's comes
    first, and is the one that matters.
    """
    columns: dict[tuple[str, str], str] = {}
    for measurement, name, kind in _rows(_asked(client, bucket, "SHOW FIELD KEYS")):
        columns.setdefault((measurement, name), _TYPES.get(kind, kind))
    for measurement, name in _rows(_asked(client, bucket, "SHOW TAG KEYS")):
        columns.setdefault((measurement, name), "tag")
    return columns


def _asked(client: InfluxDBClient, bucket: str, query: str) -> Any:
    asked = {"db": bucket, "q": query}
    answer = client.api_client.call_api(
        "/query",
        "GET",
        query_params=list(asked.items()),
        header_params={"Accept": "application/json"},
        _preload_content=False,
        _return_http_data_only=True,
    )
    return json.loads(answer.data)


def _rows(answer: Any) -> Iterator[tuple[str, ...]]:
    for result in answer.get("results", ()):
        for series in result.get("series", ()):
            for values in series["values"]:
                yield (str(series["name"]), *map(str, values))
