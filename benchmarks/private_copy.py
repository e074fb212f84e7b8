"""A pipeline file with topics and a store of its own: runs do not see each other's records."""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from connectors.embedded.reader import open_store
from tests.services.influxdb import InfluxDB
from tests.services.kafka import Kafka
from tests.services.names import unique
from tidegauge.spec.loader import load_pipeline
from tidegauge.spec.models import KafkaOutput, Pipeline

_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name = ?"
_LONGEST_NAME = 40
"""Characters of the original's name that are kept."""


@dataclass(frozen=True)
class PrivateCopy:
    """The copy, and where its records go.

    Attributes:
        path: the file.
        pipeline: its content.
        kafka: broker of its topics, which are not there yet.
        influxdb: server of its bucket; None when it stores in `database`.
        database: the embedded store.
    """

    path: Path
    pipeline: Pipeline
    kafka: Kafka
    influxdb: InfluxDB | None
    database: Path

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables that lead a flow to its servers."""
        broker = {"KAFKA_BOOTSTRAP": self.kafka.bootstrap}
        if self.influxdb is None:
            return {**broker, "TIDEGAUGE_STORE": str(self.database)}
        return {
            **broker,
            "INFLUXDB_URL": self.influxdb.url,
            "INFLUXDB_TOKEN": self.influxdb.token,
            "INFLUXDB_ORG": self.influxdb.org,
        }

    @property
    def output(self) -> KafkaOutput:
        """Topics that its records go to."""
        assert self.pipeline.output.kafka is not None  # the copy got one
        return self.pipeline.output.kafka

    @property
    def topics(self) -> set[str]:
        """All its topics."""
        read = {source.kafka.topic for source in self.pipeline.sources.values()}
        read |= {table.kafka.topic for table in self.pipeline.tables.values() if table.kafka}
        written = {self.output.topic, self.output.critical_topic, self.dead_letter_topic}
        return read | written | {self.pipeline.journal_topic}

    @property
    def dead_letter_topic(self) -> str:
        """Topic that refused messages go to."""
        return self.pipeline.dead_letter_topic

    def records(self, measurement: str) -> list[dict[str, Any]]:
        """All records of a measurement: `time_ns`, tags as texts and fields, by name."""
        if self.influxdb is None:
            if not self.database.exists():
                return []
            with closing(open_store(self.database)) as connection:
                if not connection.execute(_TABLES, [measurement]).fetchone():
                    return []
                cursor = connection.execute(f'SELECT * FROM "{measurement}"')  # noqa: S608 - a name of the pipeline's
                names = [column[0] for column in cursor.description]
                return [dict(zip(names, row, strict=True)) for row in cursor]
        rows = self.influxdb.influxql(self._bucket, f'SELECT * FROM "{measurement}"')  # noqa: S608 - as above
        return [{"time_ns": row.pop("time"), **row} for row in rows]

    def remove(self) -> None:
        """Delete its topics and its bucket."""
        for topic in self.topics.intersection(self.kafka.admin().list_topics().topics):
            self.kafka.delete_topic(topic)
        if self.influxdb is not None:
            with self.influxdb.client() as client:
                buckets = client.buckets_api()
                if bucket := buckets.find_bucket_by_name(self._bucket):
                    buckets.delete_bucket(bucket)

    @property
    def _bucket(self) -> str:
        assert self.pipeline.output.influxdb is not None  # the copy got one
        return self.pipeline.output.influxdb.bucket


@contextmanager
def private_copy(
    original: Path, folder: Path, kafka: Kafka, influxdb: InfluxDB | None
) -> Iterator[PrivateCopy]:
    """A copy with names of its own, a Kafka output and a store that keeps records for ever.

    It reads its topics from their start, and its `tests` are left out. Topics and bucket are
    deleted at the end of the `with`.

    Args:
        original: the pipeline file.
        folder: where the copy and its embedded store go.
        kafka: the broker.
        influxdb: where the copy stores; None for an embedded store.

    Raises:
        UserMistake: the original cannot be read, or has mistakes.
    """
    pipeline = load_pipeline(original)
    suffix = unique("c").rpartition("-")[2]
    document: dict[str, Any] = YAML().load(original.read_text(encoding="utf-8-sig"))
    document.pop("tests", None)
    document["pipeline"] = f"{pipeline.pipeline[:_LONGEST_NAME]}-{suffix}"
    for name, source in pipeline.sources.items():
        own = {"topic": f"{source.kafka.topic}-{suffix}", "start": "earliest"}
        document["sources"][name]["kafka"] |= own
    for name, table in pipeline.tables.items():
        if table.kafka is not None:
            document["tables"][name]["kafka"]["topic"] = f"{table.kafka.topic}-{suffix}"
        elif table.file is not None:
            document["tables"][name]["file"] = str((original.parent / table.file).resolve())
    for name, prediction in pipeline.predictions.items():
        model = str((original.parent / prediction.model).resolve())
        document["predictions"][name]["model"] = model
    output = pipeline.output.kafka or KafkaOutput()
    document["output"] = {
        "kafka": {
            "topic": f"{output.topic}-{suffix}",
            "critical_topic": f"{output.critical_topic}-{suffix}",
            "events": output.events,
            "delivery": output.delivery,
        }
    }
    if influxdb is not None:
        document["output"]["influxdb"] = {"bucket": f"private-{suffix}", "retention": "0s"}
    path = folder / f"{original.stem}-{suffix}.yaml"
    with path.open("w", encoding="utf-8") as file:
        YAML().dump(document, file)
    copy = PrivateCopy(path, load_pipeline(path), kafka, influxdb, folder / f"{suffix}.db")
    try:
        yield copy
    finally:
        copy.remove()
