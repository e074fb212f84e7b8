"""The pipeline file as frozen models: its keys, their types and defaults.

Meaning that crosses keys (a column that exists, a window that divides) is checked in `checks`.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from tidegauge.durations import parse_duration_ns
from tidegauge.fieldtypes import FieldType

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]*$", max_length=80)]
"""A name of ours: letters, digits and underscores, beginning with a letter."""
PipelineName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*$", max_length=60)]
DurationNs = Annotated[int, BeforeValidator(parse_duration_ns)]
"""A duration as text in the file, in nanoseconds here."""
EventTimeFormat = Literal["iso8601", "epoch_s", "epoch_ms", "epoch_us", "epoch_ns"]

SECOND_NS = 1_000_000_000


class Model(BaseModel):
    """Base of every part of the file: frozen, and unknown keys are mistakes."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class KafkaInput(Model):
    topic: str = Field(description="Topic to read.")
    format: Literal["json"] = Field("json", description="How a message's value is encoded.")
    start: Literal["earliest", "latest"] = Field("earliest", description="Where a flow without saved positions begins.")


class EventTime(Model):
    field: str = Field(description="Field that holds the event time.")
    format: EventTimeFormat = Field("iso8601", description="How the event time is written.")
    out_of_orderness: DurationNs = Field(
        2 * SECOND_NS, description="How far behind its partition's newest event an event may be and still be on time."
    )
    lateness: DurationNs = Field(0, description="How much later than that an event may be and still correct a result.")
    idle_after: DurationNs = Field(
        10 * SECOND_NS, description="A partition silent for so long no longer holds the watermark back."
    )
    max_future: DurationNs = Field(
        300 * SECOND_NS, description="An event this far ahead of its Kafka timestamp is refused."
    )


class SourceField(Model):
    type: FieldType = Field(FieldType.FLOAT, description="Type of the field; another type in a message is a dead letter.")
    unit: str = Field("", description="Grafana unit id, such as celsius or currencyEUR.")
    description: str = Field("", description="What the field means.")
    sensitive: bool = Field(False, description="Store only a keyed hash of it.")


class Source(Model):
    kafka: KafkaInput
    event_time: EventTime
    fields: dict[str, SourceField] = Field(description="Fields read from each message; others are ignored.")
    filter: str | None = Field(None, description="SQL condition; events for which it is not true are left out.")
    derive: dict[Name, str] = Field(default_factory=dict, description="New columns as SQL expressions.")
    process: str | None = Field(None, description="`module:function` called with each batch, a Polars frame in and out.")


class Thresholds(Model):
    warning: float | None = None
    critical: float | None = None


class WindowField(Model):
    expr: str = Field(description="SQL expression over aggregates, such as avg(amount) or sum(a) / count(*).")
    unit: str = ""
    description: str = ""
    thresholds: Thresholds = Field(default_factory=Thresholds)


def _as_field(value: object) -> object:
    return {"expr": value} if isinstance(value, str) else value


class Tumbling(Model):
    size: DurationNs


class Sliding(Model):
    size: DurationNs
    every: DurationNs


class Window(Model):
    from_: Name = Field(alias="from", description="Source to read.")
    tumbling: Tumbling | None = None
    sliding: Sliding | None = None
    by: list[str] = Field(default_factory=list, description="Key columns; none means one window over all.")
    where: str | None = Field(None, description="SQL condition; only events for which it is true are counted.")
    select: dict[Name, Annotated[WindowField, BeforeValidator(_as_field)]]
    description: str = ""

    @property
    def size_ns(self) -> int:
        """Length of a window."""
        kind = self.tumbling or self.sliding
        return kind.size if kind else 0

    @property
    def every_ns(self) -> int:
        """Distance between the starts of two windows."""
        return self.sliding.every if self.sliding else self.size_ns


class Anomaly(Model):
    on: str = Field(description="`window.field`, or `source.field` for a score per event.")
    by: list[str] = Field(default_factory=list, description="Key columns, for a score per event; a window brings its own.")
    detector: Literal["robust_z"] = "robust_z"
    threshold: float = Field(6.0, gt=0, description="Robust standard deviations from the expected value.")
    warm_up: int = Field(20, ge=3, description="Points of a series before it is judged.")
    history: int = Field(120, ge=5, le=10_000, description="Points of a series that its expectation rests on.")
    direction: Literal["both", "up", "down"] = "both"
    min_deviation: float = Field(0.0, ge=0, description="Smaller deviations, in the field's unit, are never anomalies.")
    description: str = ""


class Alert(Model):
    when: str = Field(description="`window.field > number`, `source.field > number` or `anomaly(name)`.")
    clear: str | None = Field(None, description="Condition that ends it; without one, `when` no longer being true.")
    where: str | None = Field(None, description="SQL condition over the key columns and fields of the record.")
    for_: DurationNs = Field(0, alias="for", description="How long in event time `when` must hold before it fires.")
    level: int = Field(5, ge=1, le=10, description="1 to 10; above 7 it also goes to `critical-alerts`.")
    summary: str = Field("", description="Text with {key column}, {value} and {alert}.")
    description: str = ""
    runbook: str = ""


class InfluxOutput(Model):
    bucket: str
    retention: DurationNs = Field(30 * 86_400 * SECOND_NS, description="How long records are kept.")


class KafkaOutput(Model):
    topic: str = "real-time-analytics"
    critical_topic: str = "critical-alerts"
    events: bool = Field(False, description="Also send every processed event.")


class Output(Model):
    influxdb: InfluxOutput | None = None
    kafka: KafkaOutput | None = None


class Expectation(Model):
    alerts: list[str] | None = Field(None, description="Exactly these alerts fire.")
    anomalies: list[str] | None = Field(None, description="Exactly these anomalies are found.")
    windows: dict[str, int] | None = Field(None, description="Number of final rows of each window named.")
    dead_letters: int | None = None


class FileTest(Model):
    events: str = Field(description="File of raw messages, one a line, relative to the pipeline file.")
    expect: Expectation


class State(Model):
    key_groups: int = Field(8, ge=1, le=16, description="Fixed when the state is first made.")


class Pipeline(Model):
    """One pipeline file."""

    version: Literal[1]
    pipeline: PipelineName
    description: str = ""
    labels: dict[Name, str] = Field(default_factory=dict)
    timezone: str = "UTC"
    sources: dict[Name, Source]
    windows: dict[Name, Window] = Field(default_factory=dict)
    anomalies: dict[Name, Anomaly] = Field(default_factory=dict)
    alerts: dict[Name, Alert] = Field(default_factory=dict)
    output: Output = Field(default_factory=Output)
    state: State = Field(default_factory=State)
    tests: list[FileTest] = Field(default_factory=list)

    @property
    def dead_letter_topic(self) -> str:
        """Topic that refused records go to."""
        return f"{self.pipeline}-dead-letters"
