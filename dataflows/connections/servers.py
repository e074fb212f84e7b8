"""Sources and sinks of a pipeline on real servers, checked before the first event is read."""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from bytewax.inputs import FixedPartitionedSource
from confluent_kafka.admin import AdminClient

from connectors.codecs.json_columns import JsonColumns
from connectors.deferred import DeferredSource
from connectors.kafka.alignment import Alignment
from connectors.kafka.client import Faults, client_config, preflight
from connectors.kafka.growing import GrowingSource
from connectors.kafka.growth import TopicGrowth
from connectors.kafka.identity import TopicWatch
from connectors.kafka.source import KafkaSource, Reading
from connectors.kafka.topics import (
    ensure_journal,
    has_identities,
    require_topic,
    topic_exists,
    topic_identity,
)
from dataflows.connections.journal import Journal
from dataflows.connections.refusals import Refusals
from dataflows.connections.sinks import kafka_sink, store_sink
from dataflows.connections.tables import Tables
from dataflows.lifecycle.beside import beside
from dataflows.lifecycle.drain import draining
from dataflows.lifecycle.invocation import read_invocation
from dataflows.lifecycle.startup import Causes
from dataflows.topology.journal import JournalFlow
from dataflows.topology.outputs import Sinks
from operators.enrichment.table import LookupTable
from operators.intake.intake import partition_intake
from operators.intake.limit import LetterLimit
from operators.intake.plan import plan_intake, telling, with_limit
from operators.intake.sensitive import KeyedHash
from operators.progress.board import ProgressBoard
from operators.progress.operator import MOST_LISTENING
from tidegauge.batch import EventBatch
from tidegauge.catalogue import held_columns, sensitive_columns
from tidegauge.errors import Stop, UserMistake
from tidegauge.settings import Settings
from tidegauge.spec.models import Pipeline

_LOG = structlog.get_logger("tidegauge")

EventSource = FixedPartitionedSource[EventBatch, Any]


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
    refusals = Refusals(pipeline, settings)
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(store_sink, pipeline, settings, refusals)
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
                kafka = kafka_sink(pipeline, settings, admin, refusals)
        with causes.gather():
            store = refusals.store = asked.result()
    causes.tell()
    tables.follow()
    return sources, Sinks(store, kafka), _journal_flow(pipeline, settings, journal)


def connect_sources(pipeline: Pipeline, settings: Settings) -> dict[str, EventSource]:
    """A Kafka source for each source of a pipeline without tables, and without its journal.

    Raises:
        UserMistake: the broker does not answer, or topics do not exist.
    """
    return _sources(pipeline, settings, preflight(settings), {})


@dataclass(frozen=True)
class Replayed:
    """What a run reads that stores nothing.

    Attributes:
        sources: by name.
        journal: that of the pipeline; None where there is none.
        begun: tells of a source and partition the offset at which the flow began to read it; None
            where that is not known.
    """

    sources: dict[str, EventSource]
    journal: JournalFlow | None
    begun: Callable[[str, int], int | None]


def connect_replay(pipeline: Pipeline, settings: Settings, folder: Path) -> Replayed:
    """Sources and journal of a pipeline for a run that stores nothing; tables as they are now.

    Args:
        pipeline: the pipeline.
        settings: where the servers are; bounded.
        folder: where the pipeline file is.

    Raises:
        UserMistake: the broker does not answer or lets us not in, a topic does not exist, or a
            table cannot be read.
    """
    tables = Tables(pipeline, folder)
    tables.load_files()
    admin = preflight(settings)
    tables.load_topics(settings, admin)
    journal = _journal(pipeline, settings, admin)
    sources = _sources(pipeline, settings, admin, tables.lookups, journal, replayed=True)
    begun = journal.begun if journal is not None else lambda *_: None
    return Replayed(sources, _journal_flow(pipeline, settings, journal), begun)


def _sources(
    pipeline: Pipeline,
    settings: Settings,
    admin: AdminClient,
    tables: Mapping[str, LookupTable],
    journal: Journal | None = None,
    *,
    replayed: bool = False,
) -> dict[str, EventSource]:
    board = ProgressBoard()
    causes = Causes()
    sources = {}
    for name in pipeline.sources:
        with causes.gather():
            place = pipeline, settings, admin, journal or board, tables
            sources[name] = _source(name, *place, replayed=replayed)
    causes.tell()
    if journal is not None:
        _learn(journal)
    return sources


def _learn(journal: Journal) -> None:
    """Which partitions are read by the parts of others must be known before the flow runs."""
    try:
        journal.learn()
    except Stop as error:
        raise UserMistake(str(error)) from None


def _journal(pipeline: Pipeline, settings: Settings, admin: AdminClient) -> Journal | None:
    """The journal; a bounded run, which writes nothing, may find none."""
    topic = pipeline.journal_topic
    if not settings.bounded:
        ensure_journal(admin, topic, settings.start_timeout_s)
    elif not topic_exists(admin, topic, settings.start_timeout_s):
        return None
    identity = _identity(topic, settings, admin)
    invocation = read_invocation()
    workers = invocation.workers * max(len(invocation.addresses), 1)
    hears = not invocation.clustered or workers <= MOST_LISTENING
    return Journal(settings, topic, identity, hears=hears)


def _journal_flow(
    pipeline: Pipeline, settings: Settings, journal: Journal | None
) -> JournalFlow | None:
    if journal is None:
        return None
    board = None if settings.bounded else journal.board
    try:
        labels = journal.labels() if pipeline.anomalies else ()
        changes = journal.pattern_changes() if pipeline.patterns else ()
    except Stop as error:
        raise UserMistake(str(error)) from None
    return JournalFlow(journal.source(beside), board, labels, changes)


def _source(
    name: str,
    pipeline: Pipeline,
    settings: Settings,
    admin: AdminClient,
    told: ProgressBoard | Journal,
    tables: Mapping[str, LookupTable],
    *,
    replayed: bool,
) -> EventSource:
    source = pipeline.sources[name]
    key = settings.hash_key.get_secret_value()
    keep_appended = pipeline.output.kafka is not None and pipeline.output.kafka.events
    plan = plan_intake(
        name,
        source,
        JsonColumns,
        zone=ZoneInfo(pipeline.timezone),
        keep_appended=keep_appended,
        tables=tables,
        sensitive=sensitive_columns(source, pipeline.tables),
        hash_text=KeyedHash(key) if key else None,
        held=held_columns(pipeline, name),
    )
    letters = pipeline.dead_letters
    quarantines = letters.on_limit == "quarantine"
    limit = LetterLimit(letters.limit, letters.window, letters.least, quarantines=quarantines)
    plan = telling(with_limit(plan, source, limit), _LOG.warning)
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
        # What stalls a single thread keeps it from reading, too.
        epoch_bytes=None if read_invocation().alone else settings.epoch_bytes,
        identity=_identity(source.kafka.topic, settings, admin),
        on_unreadable=letters.on_unreadable,
        stalled_after_s=settings.stalled_after_s,
    )

    journal, board = (told, told.board) if isinstance(told, Journal) else (None, told)
    make_intake = partition_intake(plan, reading.partitions, board)
    if journal is None:
        return DeferredSource(KafkaSource(reading, make_intake, beside, align=_alignment()))
    journal.topics[name] = reading.identity or reading.topic
    journal.tolerances[name] = source.event_time.out_of_orderness
    journal_of = partial(journal.of, name)
    kafka = KafkaSource(
        reading,
        make_intake,
        beside,
        journal_of=journal_of,
        align=_alignment(),
        # Of a bounded run with several processes none hears of the others.
        joins=not replayed and not (settings.bounded and read_invocation().clustered),
    )
    if replayed:
        return DeferredSource(kafka)
    if not settings.bounded:
        TopicGrowth(admin, reading.topic, reading.partitions, kafka.grow).watch()
    adopted = partial(journal.adopted, name)
    place = reading.topic, reading.partitions, journal_of, adopted
    return DeferredSource(GrowingSource(kafka, *place))


def _identity(topic: str, settings: Settings, admin: AdminClient) -> str:
    """What tells a topic that is there from others of its name; it is watched from now on."""
    identity = topic_identity(admin, topic, settings.start_timeout_s)
    if not settings.bounded and has_identities(admin, settings.start_timeout_s):
        TopicWatch(admin, topic, identity).start()
    return identity


def _alignment() -> Callable[[], Alignment] | None:
    """What keeps epochs together, where there are other threads or processes."""
    invocation = read_invocation()
    if invocation.alone:
        return None
    return partial(Alignment, invocation.epoch_ns, time.monotonic_ns, draining.pause_ns)
