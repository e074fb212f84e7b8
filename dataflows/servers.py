"""Sources and sinks of a pipeline on real servers, checked before the first event is read."""

from collections.abc import Mapping
from typing import Any

from bytewax.inputs import FixedPartitionedSource
from confluent_kafka.admin import AdminClient

from connectors.codecs.json_columns import JsonColumns
from connectors.kafka.client import Faults, client_config, preflight
from connectors.kafka.source import KafkaSource, Reading
from connectors.kafka.topics import require_topic
from dataflows.startup import draining
from operators.intake.intake import Intake, IntakePlan, IntakeState
from operators.intake.plan import plan_intake
from operators.progress.board import ProgressBoard
from tidegauge.batch import EventBatch
from tidegauge.settings import Settings
from tidegauge.spec.models import Pipeline

EventSource = FixedPartitionedSource[EventBatch, Any]


def connect_sources(pipeline: Pipeline, settings: Settings) -> dict[str, EventSource]:
    """A Kafka source for each source of the pipeline.

    Raises:
        UserMistake: the broker does not answer, or a topic does not exist.
    """
    admin = preflight(settings)
    board = ProgressBoard()
    return {name: _source(name, pipeline, settings, admin, board) for name in pipeline.sources}


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
