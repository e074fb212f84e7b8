"""Sources and sinks of a pipeline on real servers, checked before the first event is read."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from bytewax.inputs import FixedPartitionedSource
from bytewax.outputs import Sink
from confluent_kafka.admin import AdminClient

from connectors.codecs.json_columns import JsonColumns
from connectors.codecs.messages import Message
from connectors.embedded.sink import StoreSink
from connectors.embedded.store import Store
from connectors.influxdb.server import prepare
from connectors.influxdb.sink import InfluxSink
from connectors.kafka.client import Faults, client_config, preflight
from connectors.kafka.routes import Routes
from connectors.kafka.sink import KafkaSink
from connectors.kafka.source import KafkaSource, Reading
from connectors.kafka.topics import (
    ensure_journal,
    ensure_topics,
    require_topic,
    topic_exists,
    topic_identity,
)
from dataflows.drain import draining
from dataflows.journal import Journal, JournalFlow
from dataflows.startup import Causes
from dataflows.tables import Tables
from operators.enrichment.table import LookupTable
from operators.intake.intake import Intake, IntakeState
from operators.intake.plan import plan_intake
from operators.progress.board import ProgressBoard
from tidegauge.batch import EventBatch
from tidegauge.catalogue import Catalogue, catalogue_of
from tidegauge.errors import Retry, UserMistake
from tidegauge.settings import Settings
from tidegauge.spec.models import Pipeline

_LOG = structlog.get_logger("tidegauge")
EventSource = FixedPartitionedSource[EventBatch, Any]


@dataclass(frozen=True)
class Sinks:
    """Where records go.

    Attributes:
        store: metrics, anomalies, alerts, dead letters and health.
        kafka: what `connectors.kafka.routes` sends there.
    """

    store: Sink[Any] | None = None
    kafka: Sink[Any] | None = None


def connect(
    pipeline: Pipeline, settings: Settings, folder: Path
) -> tuple[dict[str, EventSource], Sinks, JournalFlow | None]:
    """Sources, sinks and journal of a pipeline; broker and store are asked at the same time.

    Tables are loaded, and from then on kept current.

    Args:
        pipeline: the pipeline.
        settings: where the servers are.
        folder: where the pipeline file is.

    Raises:
        UserMistake: a server does not answer or lets us not in, a topic does not exist, a table
            cannot be read, or the store cannot be written; a line for each.
    """
    causes = Causes()
    tables = Tables(pipeline, folder)
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(_store, pipeline, settings)
        with causes.gather():
            tables.load_files()
        with causes.gather():
            admin = preflight(settings)
            with causes.gather():
                tables.load_topics(settings, admin)
            journal = None
            with causes.gather():
                journal = _journal(pipeline, settings, admin)
            with causes.gather():
                sources = _sources(pipeline, settings, admin, tables.lookups, journal)
            with causes.gather():
                kafka = _kafka(pipeline, settings, admin)
        with causes.gather():
            store = asked.result()
    causes.tell()
    tables.follow()
    return sources, Sinks(store, kafka), _journal_flow(settings, journal)


def connect_sources(pipeline: Pipeline, settings: Settings) -> dict[str, EventSource]:
    """A Kafka source for each source of a pipeline without tables, and without its journal.

    Raises:
        UserMistake: the broker does not answer, or topics do not exist.
    """
    return _sources(pipeline, settings, preflight(settings), {})


def _sources(
    pipeline: Pipeline,
    settings: Settings,
    admin: AdminClient,
    tables: Mapping[str, LookupTable],
    journal: Journal | None = None,
) -> dict[str, EventSource]:
    board = ProgressBoard()
    causes = Causes()
    sources = {}
    for name in pipeline.sources:
        with causes.gather():
            sources[name] = _source(name, pipeline, settings, admin, journal or board, tables)
    causes.tell()
    return sources


def _journal(pipeline: Pipeline, settings: Settings, admin: AdminClient) -> Journal | None:
    """The journal; a bounded run, which writes nothing, may find none."""
    topic = pipeline.journal_topic
    if not settings.bounded:
        ensure_journal(admin, topic, settings.start_timeout_s)
    elif not topic_exists(admin, topic, settings.start_timeout_s):
        return None
    return Journal(settings, topic)


def _journal_flow(settings: Settings, journal: Journal | None) -> JournalFlow | None:
    if journal is None:
        return None
    return JournalFlow(journal.source(draining), None if settings.bounded else journal.board)


def _kafka(pipeline: Pipeline, settings: Settings, admin: AdminClient) -> KafkaSink:
    routes = Routes(catalogue_of(pipeline), pipeline.output.kafka, pipeline.dead_letter_topic)
    ensure_topics(admin, routes.topics, settings.start_timeout_s)
    return KafkaSink(settings, routes, _too_large)


def _store(pipeline: Pipeline, settings: Settings) -> Sink[Any] | None:
    catalogue = catalogue_of(pipeline)
    if settings.store is not None:
        _make_store(settings.store, catalogue, settings.start_timeout_s)
        return StoreSink(settings.store, catalogue)
    influxdb = pipeline.output.influxdb
    if influxdb is None:
        return None
    for note in prepare(settings, influxdb):
        _LOG.warning(note)
    return InfluxSink(settings, influxdb.bucket, catalogue, _refused)


def _make_store(path: Path, catalogue: Catalogue, timeout_s: float) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        Store(path, catalogue, timeout_s).close()
    except OSError as error:
        raise UserMistake(
            f"TIDEGAUGE_STORE={path}: its folder cannot be made ({error.strerror}); "
            "name a file in a folder that is there and may be written to"
        ) from None
    except Retry as error:
        raise UserMistake(f"{error}; end what writes to it, or name another file") from None


def _refused(line: bytes, reason: str) -> None:
    _LOG.error("InfluxDB refused a record", line=line.decode(errors="replace"), reason=reason)


def _too_large(message: Message, reason: str) -> None:
    size = len(message.value)
    _LOG.error("Kafka refused a record", topic=message.topic, size=size, reason=reason)


def _source(
    name: str,
    pipeline: Pipeline,
    settings: Settings,
    admin: AdminClient,
    told: ProgressBoard | Journal,
    tables: Mapping[str, LookupTable],
) -> EventSource:
    source = pipeline.sources[name]
    keep_appended = pipeline.output.kafka is not None and pipeline.output.kafka.events
    plan = plan_intake(
        name,
        source,
        JsonColumns,
        zone=ZoneInfo(pipeline.timezone),
        keep_appended=keep_appended,
        tables=tables,
    )
    reading = Reading(
        client={
            **client_config(settings, Faults()),
            "group.id": f"tidegauge-{pipeline.pipeline}",
            "fetch.wait.max.ms": settings.kafka_fetch_wait_ms,
        },
        topic=source.kafka.topic,
        partitions=require_topic(admin, source.kafka.topic, settings.start_timeout_s),
        start=source.kafka.start,
        idle_after_ns=source.event_time.idle_after,
        batch_size=settings.batch_size,
        bounded=settings.bounded,
        timeout_s=settings.start_timeout_s,
    )

    journal, board = (told, told.board) if isinstance(told, Journal) else (None, told)

    def make_intake(number: int, saved: IntakeState | None) -> Intake:
        return Intake(plan, number, reading.partitions, board, saved or IntakeState())

    if journal is None:
        return KafkaSource(reading, make_intake, draining)
    journal.topics[name] = topic_identity(admin, reading.topic, settings.start_timeout_s)
    journal_of = partial(journal.begin, name)
    return KafkaSource(reading, make_intake, draining, journal_of=journal_of)
