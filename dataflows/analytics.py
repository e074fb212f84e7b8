"""The analytics flow: Kafka in; windows, anomalies and alerts out.

    python -m bytewax.run "dataflows.analytics:flow('pipelines/payments.yaml')"

`flow` finds the servers and hands sources and sinks to `build`, which is only wiring: the same for
a live topic, a file's own tests and a replay.
"""

import time
from collections.abc import Callable, Mapping, Sequence

import bytewax.operators as op
from bytewax.dataflow import Dataflow, Stream
from bytewax.inputs import Source
from bytewax.outputs import Sink

from connectors.codecs.json_columns import JsonColumns
from dataflows.servers import connect
from dataflows.startup import drain_on_signals, one_line_errors
from operators.alerts.operator import alert
from operators.detectors.operator import detect
from operators.health.operator import dead_letters, partition_health
from operators.intake.plan import plan_intake
from operators.windows.operator import windows
from operators.windows.plan import plan_window
from tidegauge.batch import EventBatch
from tidegauge.catalogue import event_columns
from tidegauge.records import RecordBatch
from tidegauge.settings import Settings
from tidegauge.spec.loader import load_pipeline
from tidegauge.spec.models import Pipeline


def flow(pipeline_file: str) -> Dataflow:
    """The flow of a pipeline file, against the servers that the environment names.

    A mistake in the file, an absent server or a missing topic ends the process with one line for
    each cause and exit code 2.
    """
    with one_line_errors():
        settings = Settings()
        pipeline = load_pipeline(pipeline_file)
        sources, sinks = connect(pipeline, settings)
        drain_on_signals()
        return build(pipeline, sources, sinks)
