"""Records of InfluxDB, as they are held against others: by InfluxQL, with times in nanoseconds."""

from typing import Any

import orjson
from influxdb_client.rest import ApiException

from connectors.influxdb.client import close_for_good, open_client, place
from connectors.influxdb.faults import TRANSPORT_FAULTS, message_of, transport_reason
from tidegauge.errors import UserMistake
from tidegauge.records import TIME_NS
from tidegauge.settings import Settings
from tidegauge.stored import Stored, StoredRow

_TIMEOUT_S = 60.0


class InfluxRows:
    """Reads records of one bucket.

    Args:
        settings: where InfluxDB is, and a token that may read the bucket.
        bucket: the bucket, which is also the name of its database.
    """

    def __init__(self, settings: Settings, bucket: str) -> None:
        self._settings = settings
        self._bucket = bucket

    def rows(self, about: Stored, from_ns: int, to_ns: int) -> list[StoredRow]:
        """Records with times from `from_ns` to before `to_ns`.

        Raises:
            UserMistake: InfluxDB does not answer, or does not let the token read.
        """
        asked = f'SELECT * FROM "{_name(about.measurement)}" WHERE {_of(about)}'  # noqa: S608 - names, quoted
        wanted = {*about.tags, *about.fields}
        return [
            {TIME_NS: row["time"], **{name: row[name] for name in row if name in wanted}}
            for row in self._query(f"{asked} AND time >= {from_ns} AND time < {to_ns}")
        ]

    def newest_ns(self, about: Stored) -> int | None:
        """Time of the newest record that is a result.

        Raises:
            UserMistake: InfluxDB does not answer, or does not let the token read.
        """
        result = " AND revision >= 0" if "revision" in about.fields else ""
        found = self._query(
            f'SELECT * FROM "{_name(about.measurement)}" WHERE {_of(about)}{result}'  # noqa: S608 - as above
            " ORDER BY time DESC LIMIT 1"
        )
        return int(found[0]["time"]) if found else None

    def _query(self, asked: str) -> list[dict[str, Any]]:
        where = place(self._settings)
        parameters = [("db", self._bucket), ("q", asked), ("epoch", "ns")]
        client = open_client(self._settings, _TIMEOUT_S)
        requests: Any = client.api_client
        try:
            answer = requests.call_api(
                "/query", "GET", {}, parameters, urlopen_kw={}, _preload_content=False
            )
            body = answer[0].data if isinstance(answer, tuple) else answer.data
        except TRANSPORT_FAULTS as error:
            raise UserMistake(f"{where}: no InfluxDB answers ({transport_reason(error)})") from None
        except ApiException as error:
            raise UserMistake(
                f"{where}: InfluxDB refuses to be read: {message_of(error)} ({error.status});"
                " use a token that may read the bucket"
            ) from None
        finally:
            close_for_good(client)
        return _rows(orjson.loads(body), where)


def _rows(answer: Any, where: str) -> list[dict[str, Any]]:
    failed = [one["error"] for one in answer["results"] if "error" in one]
    if failed:
        raise UserMistake(f"{where}: InfluxDB cannot be read: {failed[0]}")
    return [
        dict(zip(series["columns"], values, strict=True))
        for result in answer["results"]
        for series in result.get("series", [])
        for values in series["values"]
    ]


def _of(about: Stored) -> str:
    name = about.pipeline.replace("\\", "\\\\").replace("'", "\\'")
    return f"pipeline = '{name}'"


def _name(name: str) -> str:
    return name.replace("\\", "\\\\").replace('"', '\\"')
