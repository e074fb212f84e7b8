"""Sources and sinks of a pipeline on real servers, checked before the first event is read."""

from dataclasses import dataclass
from typing import Any

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
from connectors.kafka.topics import ensure_topics, require_topic
from dataflows.startup import draining
from operators.intake.intake import Intake, IntakePlan, IntakeState
from operators.intake.plan import plan_intake
from operators.progress.board import ProgressBoard
from tidegauge.batch import EventBatch
from tidegauge.catalogue import catalogue_of
from tidegauge.settings import Settings
from tidegauge.spec.models import Pipeline

_LOG = structlog.get_logger("tidegauge")
EventSource = FixedPartitionedSource[EventBatch, Any]


def connect_sources(pipeline: Pipeline, settings: Settings) -> dict[str, EventSource]:
    """A Kafka source for each source of the pipeline.

    Raises:
        UserMistake: the broker does not answer, or a topic does not exist.
    """
    admin = preflight(settings)
    board = ProgressBoard()
    return {name: _source(name, pipeline, settings, admin, board) for name in pipeline.sources}


@dataclass(frozen=True)
class Sinks:
    """Where records go: metrics, anomalies, alerts and health into the store; to Kafka what it routes."""

    store: Sink[Any] | None = None
    kafka: Sink[Any] | None = None


def connect_sinks(pipeline: Pipeline, settings: Settings) -> Sinks:
    """The store, InfluxDB or a file, and Kafka.

    Raises:
        UserMistake: a server does not answer or lets us not in, or the file cannot be written.
    """
    catalogue = catalogue_of(pipeline)
    routes = Routes(catalogue, pipeline.output.kafka, pipeline.dead_letter_topic)
    ensure_topics(preflight(settings), routes.topics, settings.start_timeout_s)
    kafka = KafkaSink(settings, routes, _too_large)
    if settings.store is not None:
        settings.store.parent.mkdir(parents=True, exist_ok=True)
        Store(settings.store, catalogue).close()
        return Sinks(StoreSink(settings.store, catalogue), kafka)
    influxdb = pipeline.output.influxdb
    if influxdb is None:
        return Sinks(None, kafka)
    for note in prepare(settings, influxdb):
        _LOG.warning(note)
    return Sinks(InfluxSink(settings, influxdb.bucket, catalogue, _refused), kafka)


def _refused(line: bytes, reason: str) -> None:
    _LOG.error("InfluxDB refused a record", line=line.decode(errors="replace"), reason=reason)


def _too_large(message: Message, reason: str) -> None:
    _LOG.error("Kafka refused a record", topic=message.topic, size=len(message.value or b""), reason=reason)


def _source(
    name: str, pipeline: Pipeline, settings: Settings, admin: AdminClient, board: ProgressBoard
) -> EventSource:
    source = pipeline.sources[name]
    keep_appended = pipeline.output.kafka is not None and pipeline.output.kafka.events
    plan = plan_intake(name, source, JsonColumns, keep_appended=keep_appended)
    reading = Reading(
        client={**client_config(settings, Faults()), "group.id": f"tidegauge-{pipeline.pipeline}"},
        topic=source.kafka.topic,
        partitions=require_topic(admin, source.kafka.topic, settings.start_timeout_s),
        start=source.kafka.start,
        idle_after_ns=source.event_time.idle_after,
        batch_size=settings.batch_size,
        bounded=settings.bounded,
        timeout_s=settings.start_timeout_s,
    )

    def make_intake(number: int, saved: IntakeState | None) -> Intake:
        return Intake(plan, number, reading.partitions, board, saved or IntakeState())

    return KafkaSource(reading, make_intake, draining)
