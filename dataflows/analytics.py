"""The analytics flow: Kafka in; windows, anomalies and alerts out.

    python -m bytewax.run "dataflows.analytics:flow('pipelines/payments.yaml')"

`flow` finds the servers and hands sources and sinks to `build`, which is only wiring: the same for
a live topic, a file's own tests and a replay.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import bytewax.operators as op
from bytewax.dataflow import Dataflow, Stream
from bytewax.inputs import Source
from bytewax.operators import KeyedStream

from dataflows.connections.servers import connect
from dataflows.lifecycle.agreement import agree
from dataflows.lifecycle.drain import draining
from dataflows.lifecycle.drain_together import drain_together
from dataflows.lifecycle.invocation import read_invocation
from dataflows.lifecycle.startup import (
    one_line_errors,
    refuse_web_api,
    require_recovery_directory,
    tell_errors_of_ours,
)
from dataflows.topology.anomalies import judge, only_anomalous, ticking, without_ticks
from dataflows.topology.journal import JournalFlow, Timed, read_journal, with_floors
from dataflows.topology.outputs import Sinks
from dataflows.topology.patterns import look_for_patterns
from operators.alerts.operator import alert, event_levels
from operators.alerts.plan import plan_alerts
from operators.detectors.plan import plan_anomalies
from operators.forecasts.operator import forecast
from operators.forecasts.plan import plan_forecasts
from operators.health.operator import PERIOD_NS, dead_letters, partition_health
from operators.intake.operator import processed_events
from operators.keygroups.shelf import IN_SNAPSHOTS, Saving
from operators.ledger.operator import ledger
from operators.ordering.operator import order_events
from operators.ordering.plan import Ordering, merge_orderings
from operators.predictions.operator import predict
from operators.predictions.plan import PredictionPlan, plan_predictions
from operators.windows.operator import Telling, join_sources, windows
from operators.windows.plan import WindowPlan, plan_pipeline_window
from tidegauge.batch import EventBatch
from tidegauge.catalogue import ALERTS, catalogue_of
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
        refuse_web_api()
        settings = read_settings()
        pipeline = load_pipeline(pipeline_file)
        predictions = plan_predictions(pipeline, Path(pipeline_file).parent)
        saving = require_recovery_directory(pipeline.state.key_groups)
        agreement = agree(pipeline, saving, settings.accept_reset)
        sources, sinks, journal = connect(pipeline, settings, Path(pipeline_file).parent)
        agreement.remember()
        drain_together(draining, pipeline, settings, read_invocation())
        draining.on_signals()
        tell_errors_of_ours()
        return build(
            pipeline,
            sources,
            sinks,
            journal=journal,
            saving=agreement.saving,
            measure_every_ns=PERIOD_NS,
            predictions=predictions,
        )


def build(
    pipeline: Pipeline,
    sources: Mapping[str, Source[EventBatch]],
    sinks: Sinks,
    clock_ns: Callable[[], int] = time.time_ns,
    journal: JournalFlow | None = None,
    saving: Saving = IN_SNAPSHOTS,
    measure_every_ns: int | None = None,
    predictions: Sequence[PredictionPlan] = (),
) -> Dataflow:
    """Wire a checked pipeline between sources and sinks.

    Args:
        pipeline: the pipeline.
        sources: a source of event batches for each of its sources.
        sinks: where its records go.
        clock_ns: wall clock, for the fields of records that tell of the run.
        journal: its journal; None where the batches alone tell of idleness.
        saving: what becomes of snapshots.
        measure_every_ns: how often windows tell what they hold; None for never.
        predictions: its predictions, with their models loaded (`plan_predictions`).
    """
    graph = Dataflow(pipeline.pipeline)
    signal = catalogue_of(pipeline)[ALERTS]
    batches = {name: op.input(f"read_{name}", graph, source) for name, source in sources.items()}
    news = read_journal(graph, journal)
    timed = with_floors(news, batches, journal)
    measured = _windows(pipeline, timed, clock_ns, saving, measure_every_ns)
    arranged = [step for name, up in timed.items() for step in _ordered(pipeline, name, up, saving)]
    labels = journal.labels if journal is not None else ()
    verdicts = judge(pipeline, [*measured, *arranged], clock_ns, saving, news, labels)
    ticks = ticking(pipeline)
    results = without_ticks("results", measured, ticks)
    ordered = without_ticks("ordered", arranged, ticks)
    changes = journal.pattern_changes if journal is not None else ()
    matches = look_for_patterns(
        pipeline, timed, clock_ns, saving, measure_every_ns, news=news, changes=changes
    )
    ahead = _forecasts(pipeline, results, clock_ns, saving)
    scored = _predictions(predictions, results, clock_ns)
    judged = [*results, *ordered, *verdicts, *matches, *ahead, *scored]
    alerts = _alerts(pipeline, judged, clock_ns, saving)
    alerts += [
        event_levels(f"event_levels_{name}", up, pipeline.pipeline, signal, clock_ns)
        for name, up in batches.items()
    ]
    refused = [dead_letters(f"dead_letters_{name}", up) for name, up in batches.items()]
    health = [partition_health(f"health_{name}", up, clock_ns) for name, up in batches.items()]
    health += [ledger(f"ledger_{name}", up, clock_ns) for name, up in batches.items()]
    anomalies = [op.flat_map_batch("anomalies", step, only_anomalous) for step in verdicts]
    known = frozenset(catalogue_of(pipeline).signals)
    forecasts = [
        op.filter("forecasts", step, lambda item: item[1].signal in known) for step in ahead
    ]
    records = [*results, *matches, *anomalies, *forecasts, *scored, *alerts, *refused]
    if sinks.store is not None:
        op.output("store", op.merge("to_store", *records, *health), sinks.store)
    if sinks.kafka is not None:
        events = _events(pipeline, batches)
        op.output("kafka", op.merge("to_kafka", *records, *events), sinks.kafka)
    return graph


def _windows(
    pipeline: Pipeline,
    timed: Mapping[str, Timed],
    clock_ns: Callable[[], int],
    saving: Saving,
    measure_every_ns: int | None,
) -> list[Records]:
    """A step for each source, and for all sources that some windows join."""
    groups = pipeline.state.key_groups
    plans: dict[tuple[str, ...], list[WindowPlan]] = {}
    for name, window in pipeline.windows.items():
        plans.setdefault(window.from_, []).append(plan_pipeline_window(pipeline, name))
    results = []
    for sources, planned in plans.items():
        joined, place = "+".join(sources), (planned, groups, clock_ns, saving)
        topics = {name: pipeline.sources[name].kafka.topic for name in sources}
        telling = Telling(topics, measure_every_ns, ticking(pipeline))
        if len(sources) == 1:
            results.append(windows(f"windows_{joined}", timed[joined], *place, (), telling))
        else:
            up = join_sources(f"join_{joined}", {name: timed[name] for name in sources})
            results.append(windows(f"windows_{joined}", up, *place, sources, telling))
    return results


def _ordered(pipeline: Pipeline, source: str, up: Timed, saving: Saving) -> list[Records]:
    needed: list[Ordering | None] = [plan.ordering for plan in plan_anomalies(pipeline)]
    needed += [plan.ordering for plan in plan_alerts(pipeline)]
    orderings = merge_orderings(needed, source)
    if not orderings:
        return []
    place = (orderings, pipeline.state.key_groups, saving, ticking(pipeline))
    return [order_events(f"order_{source}", up, *place)]


def _forecasts(
    pipeline: Pipeline, ups: list[Records], clock_ns: Callable[[], int], saving: Saving
) -> list[Records]:
    plans = plan_forecasts(pipeline)
    return [forecast("ahead", op.merge("to_ahead", *ups), plans, clock_ns, saving)] if plans else []


def _predictions(
    plans: Sequence[PredictionPlan], ups: list[Records], clock_ns: Callable[[], int]
) -> list[Records]:
    return [predict("predict", op.merge("to_predict", *ups), plans, clock_ns)] if plans else []


def _alerts(
    pipeline: Pipeline, ups: list[Records], clock_ns: Callable[[], int], saving: Saving
) -> list[Records]:
    plans = plan_alerts(pipeline)
    if not plans or not ups:
        return []
    return [alert("alert", op.merge("to_alert", *ups), plans, clock_ns, saving)]


def _events(pipeline: Pipeline, batches: Mapping[str, Stream[EventBatch]]) -> list[Records]:
    if pipeline.output.kafka is None or not pipeline.output.kafka.events:
        return []
    return [processed_events(f"events_{name}", up) for name, up in batches.items()]
