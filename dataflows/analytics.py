"""The analytics flow: Kafka in; windows, anomalies and alerts out.

    python -m bytewax.run "dataflows.analytics:flow('pipelines/payments.yaml')"

`flow` finds the servers and hands sources and sinks to `build`, which is only wiring: the same for
a live topic, a file's own tests and a replay.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import bytewax.operators as op
import polars as pl
from bytewax.dataflow import Dataflow, Stream
from bytewax.inputs import Source
from bytewax.operators import KeyedStream

from dataflows.drain import draining
from dataflows.servers import Sinks, connect
from dataflows.startup import (
    one_line_errors,
    require_recovery_directory,
    tell_errors_of_ours,
)
from operators.alerts.operator import alert, event_levels
from operators.alerts.plan import plan_alerts
from operators.detectors.judge import ANOMALOUS
from operators.detectors.operator import detect
from operators.detectors.plan import plan_anomalies
from operators.health.operator import dead_letters, partition_health
from operators.intake.operator import processed_events
from operators.ordering.operator import order_events
from operators.ordering.plan import Ordering, merge_orderings
from operators.windows.operator import windows
from operators.windows.plan import plan_window
from tidegauge.batch import EventBatch
from tidegauge.catalogue import ALERTS, catalogue_of, event_columns
from tidegauge.records import RecordBatch
from tidegauge.settings import read_settings
from tidegauge.spec.loader import load_pipeline
from tidegauge.spec.models import Pipeline

Records = KeyedStream[RecordBatch]


def flow(pipeline_file: str) -> Dataflow:
    """The flow of a pipeline file, against the servers that the environment names.

    A mistake in the file, an absent server or a missing topic ends the process with one line for
    each cause and exit code 2.
    """
    with one_line_errors():
        settings = read_settings()
        pipeline = load_pipeline(pipeline_file)
        require_recovery_directory(pipeline.state.key_groups)
        sources, sinks = connect(pipeline, settings, Path(pipeline_file).parent)
        draining.on_signals()
        tell_errors_of_ours()
        return build(pipeline, sources, sinks)


def build(
    pipeline: Pipeline,
    sources: Mapping[str, Source[EventBatch]],
    sinks: Sinks,
    clock_ns: Callable[[], int] = time.time_ns,
) -> Dataflow:
    """Wire a checked pipeline between sources and sinks.

    Args:
        pipeline: the pipeline.
        sources: a source of event batches for each of its sources.
        sinks: where its records go.
        clock_ns: wall clock, for the fields of records that tell of the run.
    """
    graph = Dataflow(pipeline.pipeline)
    signal = catalogue_of(pipeline)[ALERTS]
    batches = {name: op.input(f"read_{name}", graph, source) for name, source in sources.items()}
    results = [
        step for name, up in batches.items() for step in _windows(pipeline, name, up, clock_ns)
    ]
    ordered = [step for name, up in batches.items() for step in _ordered(pipeline, name, up)]
    verdicts = _verdicts(pipeline, [*results, *ordered], clock_ns)
    alerts = _alerts(pipeline, [*results, *ordered, *verdicts], clock_ns)
    alerts += [
        event_levels(f"event_levels_{name}", up, pipeline.pipeline, signal, clock_ns)
        for name, up in batches.items()
    ]
    refused = [dead_letters(f"dead_letters_{name}", up) for name, up in batches.items()]
    health = [partition_health(f"health_{name}", up, clock_ns) for name, up in batches.items()]
    anomalies = [op.flat_map_batch("anomalies", step, _only_anomalous) for step in verdicts]
    records = [*results, *anomalies, *alerts, *refused]
    if sinks.store is not None:
        op.output("store", op.merge("to_store", *records, *health), sinks.store)
    if sinks.kafka is not None:
        events = _events(pipeline, batches)
        op.output("kafka", op.merge("to_kafka", *records, *events), sinks.kafka)
    return graph


def _windows(
    pipeline: Pipeline, source: str, up: Stream[EventBatch], clock_ns: Callable[[], int]
) -> list[Records]:
    declared = pipeline.sources[source]
    columns = event_columns(declared, pipeline.tables)
    plans = [
        plan_window(name, window, columns, declared.event_time.lateness)
        for name, window in pipeline.windows.items()
        if window.from_ == source
    ]
    if not plans:
        return []
    return [windows(f"windows_{source}", up, plans, pipeline.state.key_groups, clock_ns)]


def _ordered(pipeline: Pipeline, source: str, up: Stream[EventBatch]) -> list[Records]:
    needed: list[Ordering | None] = [plan.ordering for plan in plan_anomalies(pipeline)]
    needed += [plan.ordering for plan in plan_alerts(pipeline)]
    orderings = merge_orderings(needed, source)
    if not orderings:
        return []
    return [order_events(f"order_{source}", up, orderings, pipeline.state.key_groups)]


def _verdicts(pipeline: Pipeline, ups: list[Records], clock_ns: Callable[[], int]) -> list[Records]:
    plans = plan_anomalies(pipeline)
    return [detect("detect", op.merge("to_detect", *ups), plans, clock_ns)] if plans else []


def _alerts(pipeline: Pipeline, ups: list[Records], clock_ns: Callable[[], int]) -> list[Records]:
    plans = plan_alerts(pipeline)
    return [alert("alert", op.merge("to_alert", *ups), plans, clock_ns)] if plans and ups else []


def _events(pipeline: Pipeline, batches: Mapping[str, Stream[EventBatch]]) -> list[Records]:
    if pipeline.output.kafka is None or not pipeline.output.kafka.events:
        return []
    return [processed_events(f"events_{name}", up) for name, up in batches.items()]


def _only_anomalous(items: list[tuple[str, RecordBatch]]) -> Iterable[tuple[str, RecordBatch]]:
    for key, verdicts in items:
        found = verdicts.frame.filter(pl.col(ANOMALOUS))
        if found.height:
            yield key, RecordBatch(verdicts.signal, found)
