"""The anomalies of a pipeline file, with what their judges need to know."""

from dataclasses import dataclass

from operators.ordering.plan import Ordering
from tidegauge.expressions.targets import anomaly_keys
from tidegauge.spec.models import Anomaly, Pipeline


@dataclass(frozen=True, slots=True)
class AnomalyPlan:
    """One anomaly.

    Attributes:
        name: its name, also its signal's.
        by: key columns that tell its series apart.
        field: the column that is judged.
        anomaly: what the pipeline file says of it.
        ordering: the events it judges one by one; None when it judges windows.
    """

    name: str
    by: tuple[str, ...]
    field: str
    anomaly: Anomaly
    ordering: Ordering | None

    @property
    def reads(self) -> str:
        """Name of the record batches it judges."""
        return self.ordering.name if self.ordering else self.anomaly.on.partition(".")[0]


def plan_anomalies(pipeline: Pipeline) -> tuple[AnomalyPlan, ...]:
    """All anomalies of a checked pipeline file."""
    return tuple(_plan(pipeline, name, anomaly) for name, anomaly in pipeline.anomalies.items())


def _plan(pipeline: Pipeline, name: str, anomaly: Anomaly) -> AnomalyPlan:
    target, _, field = anomaly.on.partition(".")
    by = tuple(anomaly_keys(pipeline, anomaly))
    per_event = target not in pipeline.windows
    ordering = Ordering(target, by, frozenset({field})) if per_event else None
    return AnomalyPlan(name, by, field, anomaly, ordering)
