"""What every step of a flow is made with."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from bytewax.operators import KeyedStream

from operators.alerts.plan import AlertPlan, plan_alerts
from operators.detectors.plan import AnomalyPlan, plan_anomalies
from operators.keygroups.shelf import Saving
from tidegauge.records import RecordBatch
from tidegauge.spec.models import Pipeline

Records = KeyedStream[RecordBatch]
"""Records by key group."""


@dataclass(frozen=True)
class FlowContext:
    """What the steps of one flow have in common.

    Attributes:
        pipeline: the pipeline.
        clock_ns: wall clock, for the fields of records that tell of the run.
        saving: what becomes of snapshots.
        measure_every_ns: how often steps tell what they hold; None for never.
        ending: whether the flow was asked to end.
    """

    pipeline: Pipeline
    clock_ns: Callable[[], int]
    saving: Saving
    measure_every_ns: int | None
    ending: Callable[[], bool] = lambda: False

    @property
    def key_groups(self) -> int:
        """How many key groups share the work."""
        return self.pipeline.state.key_groups

    @cached_property
    def anomalies(self) -> tuple[AnomalyPlan, ...]:
        """All anomalies, compiled once for all steps."""
        return plan_anomalies(self.pipeline)

    @cached_property
    def alerts(self) -> tuple[AlertPlan, ...]:
        """All alerts, compiled once for all steps."""
        return plan_alerts(self.pipeline)
