"""Tables of a pipeline: read before the first event, then kept current beside the flow."""

import atexit
from collections.abc import Mapping
from pathlib import Path

import structlog
from confluent_kafka.admin import AdminClient

from connectors.kafka.topics import require_topic
from connectors.tables.file import FileTable
from connectors.tables.follower import Follower, TableReader
from connectors.tables.rows import read_rows
from connectors.tables.topic import TopicTable
from dataflows.lifecycle.startup import Causes
from operators.enrichment.table import LookupTable
from tidegauge.settings import Settings
from tidegauge.spec.models import Pipeline, Table

_LOG = structlog.get_logger("tidegauge")


class Tables:
    """The tables of a pipeline; they are empty until they are loaded.

    Args:
        pipeline: the pipeline.
        folder: where the pipeline file is.

    Attributes:
        lookups: each table by name, as events are enriched from it.
    """

    def __init__(self, pipeline: Pipeline, folder: Path) -> None:
        self._pipeline = pipeline
        self._folder = folder
        self._readers: list[TableReader] = []
        self.lookups = {name: _lookup(name, table) for name, table in pipeline.tables.items()}

    def load_files(self) -> None:
        """Read the tables that are files.

        Raises:
            UserMistake: they cannot be read, or rows are wrong; a line for each file.
        """
        causes = Causes()
        for name, table in self._pipeline.tables.items():
            if table.file is not None:
                file, replace = self._folder / table.file, self.lookups[name].replace
                with causes.gather():
                    self._load(FileTable(name, file, table, replace, _LOG.error))
        causes.tell()

    def load_topics(self, settings: Settings, admin: AdminClient) -> None:
        """Read the tables that are topics to their ends.

        Args:
            settings: where the broker is.
            admin: a client of it.

        Raises:
            UserMistake: topics do not exist or cannot be read, or rows are wrong; a line for each
                topic.
        """
        causes = Causes()
        for name, table in self._pipeline.tables.items():
            if table.kafka is not None:
                topic, replace = table.kafka.topic, self.lookups[name].replace
                group = f"tidegauge-{self._pipeline.pipeline}-tables"
                with causes.gather():
                    partitions = require_topic(admin, topic, settings.start_timeout_s)
                    place = topic, partitions
                    skips = self._pipeline.dead_letters.on_unreadable == "skip"
                    about = name, table, place, group, settings, replace, _LOG.error
                    self._load(TopicTable(*about, skips=skips))
        causes.tell()

    def follow(self) -> None:
        """Keep what is loaded current until this process ends."""
        if self._readers:
            follower = Follower(self._readers)
            follower.start()
            # A thread within a client must not outlive the interpreter.
            atexit.register(follower.stop)

    def _load(self, reader: TableReader) -> None:
        reader.load()
        self._readers.append(reader)


def stand_ins(pipeline: Pipeline, folder: Path, files: Mapping[str, str]) -> dict[str, LookupTable]:
    """Tables for a file's own test: from the test's files, else their own; a topic is empty.

    Args:
        pipeline: the pipeline.
        folder: where the pipeline file is.
        files: the test's files, by the table's name.

    Raises:
        UserMistake: a file cannot be read, or a row is wrong.
    """
    lookups = {}
    for name, table in pipeline.tables.items():
        lookups[name] = lookup = _lookup(name, table)
        file = files.get(name, table.file)
        if file is not None:
            lookup.replace(read_rows(name, folder / file, table))
    return lookups


def _lookup(name: str, table: Table) -> LookupTable:
    return LookupTable(
        name, table.key, {column: field.type for column, field in table.fields.items()}
    )
