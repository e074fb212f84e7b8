"""The anomalies of a pipeline file, with what their judges need to know."""

from collections.abc import Mapping
from dataclasses import dataclass

from operators.ordering.plan import Ordering
from tidegauge.expressions.targets import anomaly_keys, target_columns
from tidegauge.fieldtypes import FieldType
from tidegauge.spec.models import Anomaly, Pipeline


@dataclass(frozen=True, slots=True)
class AnomalyPlan:
    """One anomaly.

    Attributes:
        name: its name, also its signal's.
        by: key columns that tell its series apart.
        key_types: the type of each.
        fields: the columns that are judged; several only as a whole.
        anomaly: what the pipeline file says of it.
        ordering: the events it judges one by one; None when it judges windows.
    """

    name: str
    by: tuple[str, ...]
    key_types: Mapping[str, FieldType]
    fields: tuple[str, ...]
    anomaly: Anomaly
    ordering: Ordering | None

    @property
    def field(self) -> str:
        """What is judged, as records tell it."""
        return ", ".join(self.fields)

    @property
    def origin(self) -> str:
        """Name of the record batches it is about."""
        return self.ordering.name if self.ordering else self.anomaly.target

    @property
    def reads(self) -> str:
        """Name of the record batches it judges: peers read what `gather` puts together."""
        if self.peers:
            return gathered(self.anomaly.target, self.anomaly.group)
        return self.origin

    @property
    def peers(self) -> bool:
        """Whether it holds series against others of the same time."""
        return self.anomaly.judged_by == "peers"

    @property
    def hears_silence(self) -> bool:
        """Whether it wants to know what time has passed."""
        return self.anomaly.hears_silence


def gathered(window: str, group: list[str]) -> str:
    """Name of the record batches of a window that hold all members of a group at once."""
    return f"gathered {window}({', '.join(group)})"


def plan_anomalies(pipeline: Pipeline) -> tuple[AnomalyPlan, ...]:
    """All anomalies of a checked pipeline file."""
    return tuple(_plan(pipeline, name, anomaly) for name, anomaly in pipeline.anomalies.items())


def _plan(pipeline: Pipeline, name: str, anomaly: Anomaly) -> AnomalyPlan:
    by = tuple(anomaly_keys(pipeline, anomaly))
    columns = target_columns(pipeline, "anomaly", name)
    per_event = anomaly.target not in pipeline.windows
    ordering = Ordering(anomaly.target, by, frozenset(anomaly.fields)) if per_event else None
    types = {key: columns[key] for key in by}
    return AnomalyPlan(name, by, types, anomaly.fields, anomaly, ordering)
