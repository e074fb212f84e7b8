"""Sinks of a pipeline, checked before the first record is written."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

import structlog
from bytewax.outputs import FixedPartitionedSink, Sink
from confluent_kafka.admin import AdminClient

from connectors.embedded.sink import StoreSink
from connectors.embedded.store import Store
from connectors.influxdb.server import prepare
from connectors.influxdb.sink import InfluxSink
from connectors.influxdb.stored_columns import stored_conflicts
from connectors.kafka.client import Faults, client_config
from connectors.kafka.once.sink import OnceSink, Outlet
from connectors.kafka.once.written import Written
from connectors.kafka.output_watch import OutputWatch
from connectors.kafka.routes import Routes
from connectors.kafka.sink import KafkaSink
from connectors.kafka.topics import (
    ensure_compacted,
    ensure_topics,
    has_identities,
    max_message_bytes,
)
from dataflows.connections.refusals import Refusals
from dataflows.lifecycle.beside import beside
from tidegauge.catalogue import Catalogue, catalogue_of
from tidegauge.errors import Retry, Stop, UserMistake
from tidegauge.private import private_folder
from tidegauge.records import RecordBatch
from tidegauge.settings import Settings
from tidegauge.spec.models import Pipeline

_LOG = structlog.get_logger("tidegauge")


def kafka_sink(
    pipeline: Pipeline, settings: Settings, admin: AdminClient, refusals: Refusals
) -> Sink[Any]:
    """The sink of records and dead letters; its topics are made where they are not there.

    Args:
        pipeline: the pipeline.
        settings: where the broker is.
        admin: a client of it.
        refusals: takes what it refuses.

    Raises:
        UserMistake: the broker refuses to make one, or does not allow transactions where they are
            asked for.
    """
    routes = Routes(catalogue_of(pipeline), pipeline.output.kafka, pipeline.dead_letter_topic)
    ensure_topics(admin, routes.topics, settings.start_timeout_s)
    _watch(settings, admin, routes.topics)
    output = pipeline.output.kafka
    if output is None or output.delivery == "low_latency":
        return KafkaSink(
            settings, routes, refusals, timeout_s=settings.retry_for_s, waits=beside.waits
        )
    ensure_compacted(admin, pipeline.outputs_topic, settings.start_timeout_s)
    _watch(settings, admin, {pipeline.outputs_topic})
    sink = OnceSink(_outlet(pipeline, settings, admin, routes.topics), routes, refusals)
    try:
        sink.fence()
    except (Retry, Stop) as error:
        raise UserMistake(f"output.kafka.delivery: exactly_once: {error}") from None
    return sink


def _watch(settings: Settings, admin: AdminClient, topics: Collection[str]) -> None:
    if not settings.bounded and has_identities(admin, settings.start_timeout_s):
        for topic in topics:
            OutputWatch(admin, topic).start()


def _outlet(
    pipeline: Pipeline, settings: Settings, admin: AdminClient, topics: frozenset[str]
) -> Outlet:
    client = client_config(settings, Faults())
    sources = {source.kafka.topic for source in pipeline.sources.values()}
    return Outlet(
        client,
        name=f"tidegauge-{pipeline.pipeline}",
        topics=topics,
        markers=pipeline.outputs_topic,
        batch_bytes=max_message_bytes(admin, topics, settings.start_timeout_s),
        timeout_s=settings.retry_for_s,
        sources=Written(client, settings.start_timeout_s).topics(sources),
        waits=beside.waits,
    )


def store_sink(
    pipeline: Pipeline, settings: Settings, refusals: Refusals
) -> FixedPartitionedSink[RecordBatch, Any] | None:
    """The sink of the store, which is made ready; None where the pipeline has none.

    Args:
        pipeline: the pipeline.
        settings: where the store is.
        refusals: takes letters about what it refuses.

    Raises:
        UserMistake: the store cannot be written.
    """
    catalogue = catalogue_of(pipeline)
    if settings.store is not None:
        _make_store(settings.store, catalogue, settings.retry_for_s)
        return StoreSink(
            settings.store,
            catalogue,
            retry_for_s=settings.retry_for_s,
            letters=refusals.to_topic,
        )
    influxdb = pipeline.output.influxdb
    if influxdb is None:
        return None
    for note in prepare(settings, influxdb):
        _LOG.warning(note)
    for conflict in stored_conflicts(settings, influxdb.bucket, catalogue):
        _LOG.warning(f"{conflict.measurement}.{conflict.column} {conflict.why}")
    return InfluxSink(settings, influxdb.bucket, catalogue, refusals.to_topic)


def _make_store(path: Path, catalogue: Catalogue, timeout_s: float) -> None:
    try:
        private_folder(path.parent, parents=True)
        Store(path, catalogue, timeout_s).close()
    except OSError as error:
        raise UserMistake(
            f"TIDEGAUGE_STORE={path}: its folder cannot be made ({error.strerror}); "
            "name a file in a folder that is there and may be written to"
        ) from None
    except Retry as error:
        raise UserMistake(f"{error}; end what writes to it, or name another file") from None
