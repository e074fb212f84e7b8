"""The analytics flow: Kafka in; windows, anomalies and alerts out.

    python -m bytewax.run "dataflows.analytics:flow('pipelines/payments.yaml')"

`flow` finds the servers and hands sources and sinks to `build`, which is only wiring: the same for
a live topic, a file's own tests and a replay.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import structlog
from bytewax.dataflow import Dataflow
from bytewax.inputs import Source

from dataflows.checks.old_events import is_first_run, too_old
from dataflows.connections.servers import connect
from dataflows.lifecycle.agreement import agree
from dataflows.lifecycle.beside import beside
from dataflows.lifecycle.drain import draining
from dataflows.lifecycle.drain_together import drain_together
from dataflows.lifecycle.invocation import read_invocation
from dataflows.lifecycle.log import log_visibly
from dataflows.lifecycle.ownership import own_recovery_directory
from dataflows.lifecycle.startup import (
    one_line_errors,
    refuse_web_api,
    require_recovery_directory,
    require_saved_state,
    tell_errors_of_ours,
)
from dataflows.topology.alerts import raise_alerts
from dataflows.topology.anomalies import judge, only_anomalous
from dataflows.topology.context import FlowContext
from dataflows.topology.forecasts import forecast_windows, only_declared, predict_windows
from dataflows.topology.inputs import read_inputs
from dataflows.topology.intake import intake_health, refused_messages, taken_events
from dataflows.topology.journal import JournalFlow
from dataflows.topology.ordering import order_sources
from dataflows.topology.outputs import Sinks, write_kafka, write_store
from dataflows.topology.patterns import look_for_patterns
from dataflows.topology.sealed import seal
from dataflows.topology.ticks import without_ticks
from dataflows.topology.windows import measure_windows
from operators.health.operator import PERIOD_NS
from operators.keygroups.shelf import IN_SNAPSHOTS, Saving
from operators.predictions.plan import PredictionPlan, plan_predictions
from tidegauge.batch import EventBatch
from tidegauge.settings import read_settings
from tidegauge.spec.loader import load_pipeline
from tidegauge.spec.models import Pipeline

_LOG = structlog.get_logger("tidegauge")


def flow(pipeline_file: str) -> Dataflow:
    """The flow of a pipeline file, against the servers that the environment names.

    A mistake in the file, an absent server or a missing topic ends the process with one line for
    each cause and exit code 2.
    """
    with one_line_errors():
        log_visibly()
        refuse_web_api()
        settings = read_settings()
        pipeline = load_pipeline(pipeline_file)
        predictions = plan_predictions(pipeline, Path(pipeline_file).parent)
        saving = require_recovery_directory(pipeline.state.key_groups)
        invocation = read_invocation()
        own_recovery_directory(saving, invocation, pipeline.pipeline)
        require_saved_state(saving)
        agreement = agree(pipeline, saving, settings.accept_reset)
        beside.watch()
        sources, sinks, journal = connect(pipeline, settings, Path(pipeline_file).parent)
        if is_first_run(invocation.recovery) and not invocation.process:
            for line in too_old(pipeline, settings, time.time_ns()):
                _LOG.warning(line)
        agreement.remember()
        drain_together(draining, pipeline, settings, invocation)
        draining.on_signals()
        tell_errors_of_ours(clustered=invocation.clustered)
        return build(
            pipeline,
            sources,
            sinks,
            journal=journal,
            saving=agreement.saving,
            measure_every_ns=PERIOD_NS,
            predictions=predictions,
            ending=draining,
        )


def build(  # noqa: PLR0913, PLR0917 - all that a flow is made of
    pipeline: Pipeline,
    sources: Mapping[str, Source[EventBatch]],
    sinks: Sinks,
    clock_ns: Callable[[], int] = time.time_ns,
    journal: JournalFlow | None = None,
    saving: Saving = IN_SNAPSHOTS,
    measure_every_ns: int | None = None,
    predictions: Sequence[PredictionPlan] = (),
    ending: Callable[[], bool] = lambda: False,
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
        ending: whether the flow was asked to end: long work is left in its state then.
    """
    context = FlowContext(pipeline, clock_ns, saving, measure_every_ns, ending)
    graph = Dataflow(pipeline.pipeline)
    inputs = read_inputs(graph, sources, journal)
    measured = measure_windows(context, inputs.timed)
    arranged = order_sources(context, inputs.timed)
    verdicts = judge(context, [*measured, *arranged], inputs)
    matches = look_for_patterns(context, inputs)
    ahead = forecast_windows(context, measured)
    scored = predict_windows(context, measured, predictions)
    judged = [*measured, *arranged, *verdicts, *matches, *ahead, *scored]
    alerts = raise_alerts(context, judged, inputs.batches)
    refused = refused_messages(inputs.batches)
    results = without_ticks("results", context, measured)
    health = intake_health(inputs.batches, clock_ns, [*results, *matches])
    anomalies = only_anomalous(verdicts)
    forecasts = only_declared(pipeline, ahead)
    predicted = without_ticks("predicted", context, scored)
    records = [*results, *matches, *anomalies, *forecasts, *predicted, *alerts, *refused]
    write_store(sinks, [*records, *health])
    events = taken_events(pipeline, inputs.batches) if sinks.kafka is not None else []
    write_kafka(sinks, [*records, *events])
    return seal(graph) if saving.wanted else graph
