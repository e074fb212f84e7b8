"""Where the records of a flow go."""

from dataclasses import dataclass
from typing import Any

from bytewax.outputs import Sink


@dataclass(frozen=True)
class Sinks:
    """Where records go.

    Attributes:
        store: metrics, anomalies, alerts, dead letters and health.
        kafka: what `connectors.kafka.routes` sends there.
    """

    store: Sink[Any] | None = None
    kafka: Sink[Any] | None = None
