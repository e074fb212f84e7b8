"""Where the records of a flow go."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import bytewax.operators as op
from bytewax.outputs import Sink

from dataflows.topology.context import Records
from dataflows.topology.parts import safe_sink


@dataclass(frozen=True)
class Sinks:
    """Where records go.

    Attributes:
        store: metrics, anomalies, alerts, dead letters and health.
        kafka: what `connectors.kafka.routes` sends there.
    """

    store: Sink[Any] | None = None
    kafka: Sink[Any] | None = None


def write_store(sinks: Sinks, records: Sequence[Records]) -> None:
    """Write records to the store, where there is one."""
    if sinks.store is not None:
        op.output("store", op.merge("to_store", *records), safe_sink(sinks.store))


def write_kafka(sinks: Sinks, records: Sequence[Records]) -> None:
    """Write records to Kafka, where it is written to."""
    if sinks.kafka is not None:
        op.output("kafka", op.merge("to_kafka", *records), safe_sink(sinks.kafka))
