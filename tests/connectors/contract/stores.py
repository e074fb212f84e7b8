"""Each sink with a way to read back what it stored, in one form for all of them."""

import json
from abc import ABC, abstractmethod
from contextlib import closing
from pathlib import Path

from connectors.embedded.reader import open_store
from connectors.embedded.sink import StoreSink
from connectors.influxdb.sink import InfluxSink
from connectors.kafka.routes import Routes
from connectors.kafka.sink import KafkaSink
from connectors.partitions import RecordSink
from tests.connectors.influxdb.servers import settings_of
from tests.connectors.samples import CATALOGUE, SIGNAL
from tests.services.influxdb import InfluxDB
from tests.services.kafka import Kafka
from tidegauge.settings import Settings
from tidegauge.spec.models import KafkaOutput

Row = dict[str, object]


class Stored(ABC):
    """A sink under test.

    Attributes:
        sink: the sink.
        rejected: what it was refused.
    """

    def __init__(self) -> None:
        self.rejected: list[object] = []
        self.sink = self.make_sink()

    def reject(self, what: object, reason: str) -> None:
        """Keep what is refused."""
        self.rejected.append((what, reason))

    @abstractmethod
    def make_sink(self) -> RecordSink:
        """The sink."""

    @abstractmethod
    def rows(self) -> list[Row]:
        """Its records: `time_ns`, tags as texts and fields that are there, in order of time."""


class InInfluxDB(Stored):
    """Points of a bucket."""

    def __init__(self, server: InfluxDB) -> None:
        self._server = server
        self._bucket = server.bucket()
        super().__init__()

    def make_sink(self) -> RecordSink:
        return InfluxSink(
            settings_of(self._server),
            self._bucket,
            CATALOGUE,
            lambda letters: self.reject(letters, "refused"),
        )

    def rows(self) -> list[Row]:
        points = self._server.influxql(self._bucket, "SELECT * FROM spend")
        return [_row({"time_ns": point.pop("time"), **point}) for point in points]


class InSqlite(Stored):
    """Rows of a file."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "store.db"
        super().__init__()

    def make_sink(self) -> RecordSink:
        return StoreSink(self._path, CATALOGUE)

    def rows(self) -> list[Row]:
        with closing(open_store(self._path)) as connection:
            cursor = connection.execute("SELECT * FROM spend ORDER BY time_ns, region, shop")
            names = [column[0] for column in cursor.description]
            found = [dict(zip(names, values, strict=True)) for values in cursor]
        for row in found:
            if row["failed"] is not None:
                row["failed"] = bool(row["failed"])
        return [
            _row({name: None if row[name] == "" else row[name] for name in row}) for row in found
        ]


class InKafka(Stored):
    """Messages of a topic; a later one with the same id is the same record, corrected."""

    def __init__(self, server: Kafka) -> None:
        self._server = server
        self._topic = server.topic(partitions=2)
        super().__init__()

    def make_sink(self) -> RecordSink:
        routes = Routes(CATALOGUE, KafkaOutput(topic=self._topic), "dead")
        settings = Settings.model_validate({"kafka_bootstrap": self._server.bootstrap})
        return KafkaSink(settings, routes, self.reject)

    def rows(self) -> list[Row]:
        latest = {}
        for message in self._server.read(self._topic):
            found = json.loads(message.value() or b"")
            constant = {"pipeline": found["pipeline"]}
            tags = {
                name: "(none)" if value is None else str(value) or "(empty)"
                for name, value in found["tags"].items()
            }
            latest[found["id"]] = {
                "time_ns": found["time_ns"],
                **constant,
                **tags,
                **found["fields"],
            }
        return [_row(row) for row in sorted(latest.values(), key=_order)]


def _order(row: Row) -> tuple[str, ...]:
    return tuple(str(row[name] or "") for name in ("time_ns", "region", "shop"))


def _row(row: Row) -> Row:
    floats = {field.name for field in SIGNAL.fields if field.type.value == "float"}
    return {
        name: float(str(value)) if name in floats else value
        for name, value in row.items()
        if value is not None
    }
