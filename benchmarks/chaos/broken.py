"""The flow with a sink that says it has written before it has: what the check must find.

    python -m benchmarks.chaos.broken FILE …

Started like `python -m dataflows.launch`.
"""

import time
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any

from bytewax.dataflow import Dataflow
from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition

from dataflows.analytics import build
from dataflows.connections.servers import connect
from dataflows.launch import main
from dataflows.lifecycle.drain import draining
from dataflows.lifecycle.startup import one_line_errors
from dataflows.topology.outputs import Sinks
from tidegauge.settings import read_settings
from tidegauge.spec.loader import load_pipeline

WRITES_AFTER_S = 5.0
"""As a client that gathers points in the background does, only that it takes longer."""


class HastySink(FixedPartitionedSink[Any, None]):
    """Another sink, written to from a thread; what is in its queue dies with the process."""

    def __init__(self, sink: Any) -> None:
        self._sink = sink

    def list_parts(self) -> list[str]:
        """Those of the sink."""
        parts: list[str] = self._sink.list_parts()
        return parts

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> "HastyPart":
        """A part of the sink, and a thread that writes to it."""
        return HastyPart(self._sink.build_part(step_id, for_part, resume_state))


class HastyPart(StatefulSinkPartition[Any, None]):
    """Says at once that it has written."""

    def __init__(self, part: Any) -> None:
        self._part = part
        self._waiting: SimpleQueue[list[Any]] = SimpleQueue()
        Thread(target=self._write, daemon=True).start()

    def write_batch(self, values: list[Any]) -> None:
        """Put them into the queue."""
        self._waiting.put(list(values))

    def snapshot(self) -> None:
        """Says that all is written."""

    def _write(self) -> None:
        while True:
            values = self._waiting.get()
            time.sleep(WRITES_AFTER_S)
            self._part.write_batch(values)


def flow(pipeline_file: str) -> Dataflow:
    """As `dataflows.analytics.flow`."""
    with one_line_errors():
        settings = read_settings()
        pipeline = load_pipeline(pipeline_file)
        sources, sinks, journal = connect(pipeline, settings, Path(pipeline_file).parent)
        draining.on_signals()
        hasty = Sinks(HastySink(sinks.store), sinks.kafka)
        return build(pipeline, sources, hasty, journal=journal)


if __name__ == "__main__":
    main(make_flow=flow)
