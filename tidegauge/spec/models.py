"""The pipeline file as frozen models: its keys, their types and defaults.

Meaning that crosses keys (a column that exists, a window that divides) is checked in `checks`.
"""

from difflib import get_close_matches
from typing import Annotated, Literal
from zoneinfo import available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
)

from tidegauge.durations import parse_duration_ns
from tidegauge.fieldtypes import FieldType

SECOND_NS = 1_000_000_000
MAX_DURATION_NS = 3_650 * 86_400 * SECOND_NS
"""Ten years: more does not fit beside an event time in 64 bits."""

DURATION_PATTERN = r"^([0-9]+(ns|us|ms|s|m|h|d|w))+$"
NAME_PATTERN = r"^[A-Za-z][A-Za-z0-9_]*$"
PIPELINE_PATTERN = r"^[a-z][a-z0-9-]*$"
TOPIC_PATTERN = r"^[A-Za-z0-9._-]+$"
BUCKET_PATTERN = r'^[^_"\s][^"\n]*$'
MEANINGS = {
    NAME_PATTERN: "letters, digits and underscores, beginning with a letter",
    PIPELINE_PATTERN: "small letters, digits and hyphens, beginning with a letter",
    TOPIC_PATTERN: "letters, digits, dots, underscores and hyphens",
    BUCKET_PATTERN: "any text without quotation marks that does not begin with an underscore",
}
"""What each pattern allows, for messages."""


def _duration_ns(value: object) -> int:
    duration_ns = parse_duration_ns(value)  # type: ignore[arg-type]  # refuses what is no text
    if duration_ns > MAX_DURATION_NS:
        raise ValueError(f"{value!r} is too long: at most 3650d")
    return duration_ns


def _no_bool(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError(f"must be a number, not {str(value).lower()}")  # noqa: TRY004 - pydantic's
    return value


def _zone(value: str) -> str:
    if value not in available_timezones():
        near = get_close_matches(value, available_timezones(), n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise ValueError(
            f"{value!r} is no time zone: allowed are names such as Europe/Berlin{hint}"
        )
    return value


Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN, max_length=80)]
"""A name of ours: letters, digits and underscores, beginning with a letter."""
PipelineName = Annotated[str, StringConstraints(pattern=PIPELINE_PATTERN, max_length=60)]
Topic = Annotated[str, StringConstraints(pattern=TOPIC_PATTERN, max_length=249)]
"""The name of a Kafka topic."""
Bucket = Annotated[str, StringConstraints(pattern=BUCKET_PATTERN, max_length=200)]
Whole = Annotated[int, BeforeValidator(_no_bool)]
Count = Annotated[int, Field(ge=0), BeforeValidator(_no_bool)]
Number = Annotated[float, BeforeValidator(_no_bool)]
DurationText = Annotated[str, StringConstraints(pattern=DURATION_PATTERN)]
DurationNs = Annotated[int, BeforeValidator(_duration_ns, json_schema_input_type=DurationText)]
"""A duration as text in the file, in nanoseconds here."""
EventTimeFormat = Literal["iso8601", "epoch_s", "epoch_ms", "epoch_us", "epoch_ns"]


class Model(BaseModel):
    """Base of every part of the file: frozen, and unknown keys are mistakes."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, validate_by_name=False
    )


class KafkaInput(Model):
    """The topic a source reads, and how."""

    topic: Topic = Field(description="Topic to read.")
    format: Literal["json"] = Field("json", description="How a message's value is encoded.")
    start: Literal["earliest", "latest"] = Field(
        "earliest", description="Where a flow without saved positions begins."
    )


class EventTime(Model):
    """Which field tells when an event happened, and how much disorder is borne."""

    field: str = Field(description="Field that holds the event time.")
    format: EventTimeFormat = Field("iso8601", description="How the event time is written.")
    out_of_orderness: DurationNs = Field(
        2 * SECOND_NS,
        description="How far behind its partition's newest event an event may be and be on time.",
    )
    lateness: DurationNs = Field(
        0, description="How much later than that an event may be and still correct a result."
    )
    idle_after: DurationNs = Field(
        10 * SECOND_NS,
        description="A partition silent for so long no longer holds the watermark back.",
    )
    max_future: DurationNs = Field(
        300 * SECOND_NS, description="An event this far ahead of its Kafka timestamp is refused."
    )


class SourceField(Model):
    """A field that is read from each message."""

    type: FieldType = Field(
        FieldType.FLOAT, description="Type of the field; a message with another is a dead letter."
    )
    unit: str = Field("", description="Grafana unit id, such as celsius or currencyEUR.")
    description: str = Field("", description="What the field means.")


class TableTopic(Model):
    """The compacted topic that a table is kept in: the newest message of each key is its row."""

    topic: Topic = Field(description="Topic with the newest row of each key.")
    format: Literal["json"] = Field("json", description="How a message's value is encoded.")


class Table(Model):
    """Rows by key that events are enriched from; they may change while the flow runs."""

    kafka: TableTopic | None = Field(
        None, description="Compacted topic; a message without a value deletes its key."
    )
    file: str | None = Field(
        None, description="CSV, Parquet or JSON lines, relative to the pipeline file."
    )
    key: str = Field(description="Column that tells the rows apart.")
    fields: dict[str, SourceField] = Field(
        description="Columns read from each row, the key among them; others are ignored."
    )
    description: str = Field("", description="What the table holds.")


def _as_columns(value: object) -> object:
    if isinstance(value, list) and all(isinstance(name, str) for name in value):
        return {name: name for name in value}
    if not isinstance(value, dict):
        raise ValueError(  # noqa: TRY004 - pydantic's
            "must be a list of the table's columns, such as [a, b], or a mapping of new names to"
            " them, such as {new_name: a}"
        )
    return value


NewColumns = Annotated[
    dict[str, str],
    BeforeValidator(_as_columns, json_schema_input_type=list[str] | dict[str, str]),
]
"""Columns of a table by the names they get: a list in the file where they keep their own."""


class Enrichment(Model):
    """Columns that an event gets from the row of a table; null where there is no such row."""

    on: str = Field(description="Column of the event that holds the key of the row.")
    fields: NewColumns = Field(
        description="Columns of the table: a list of them, or new names and what they stand for."
    )


class Source(Model):
    """A stream of events."""

    kafka: KafkaInput
    event_time: EventTime
    fields: dict[str, SourceField] = Field(
        description="Fields read from each message; others are ignored."
    )
    enrich: dict[str, Enrichment] = Field(
        default_factory=dict, description="Columns from tables, by the table's name."
    )
    filter: str | None = Field(
        None, description="SQL condition over the fields; other events are left out."
    )
    derive: dict[Name, str] = Field(
        default_factory=dict, description="New columns as SQL expressions."
    )
    process: str | None = Field(
        None, description="`module:function` called with each batch, a Polars frame in and out."
    )


class Thresholds(Model):
    """Values from which a field is worth a warning or is critical."""

    warning: Number | None = Field(None, description="Worth a warning from here.")
    critical: Number | None = Field(None, description="Critical from here.")


class WindowField(Model):
    """A metric of a window."""

    expr: str = Field(description="SQL over aggregates, such as avg(amount) or sum(a) / count(*).")
    unit: str = Field("", description="Grafana unit id, such as percentunit or currencyEUR.")
    description: str = Field("", description="What the field means.")
    thresholds: Thresholds = Field(default_factory=Thresholds, description="Marked in dashboards.")


def _as_field(value: object) -> object:
    if isinstance(value, str):
        return {"expr": value}
    if not isinstance(value, dict | WindowField):
        raise ValueError(  # noqa: TRY004 - pydantic's
            f"{value!r} is no metric: write an SQL expression, or a mapping with expr and unit"
        )
    return value


WindowFieldOrText = Annotated[
    WindowField, BeforeValidator(_as_field, json_schema_input_type=str | WindowField)
]


class Tumbling(Model):
    """Windows side by side."""

    size: DurationNs = Field(description="Length of a window.")


class Sliding(Model):
    """Windows that overlap."""

    size: DurationNs = Field(description="Length of a window; a multiple of `every`.")
    every: DurationNs = Field(description="Distance between the starts of two windows.")


class Session(Model):
    """Windows from a first event to a gap without any."""

    gap: DurationNs = Field(description="Silence of a key that ends its session.")


class Counted(Model):
    """Windows of a number of events of a key, in event-time order."""

    size: Whole = Field(description="Events in a window.")
    every: Whole | None = Field(
        None, description="Events from one window to the next; without it, they do not overlap."
    )


class Cumulative(Model):
    """Windows from the start of a period to each step within it."""

    size: DurationNs = Field(
        86_400 * SECOND_NS,
        description="Length of the period: 1d and 1w are calendar days and weeks (from Monday) in"
        " the pipeline's time zone, others are aligned to the epoch.",
    )
    every: DurationNs = Field(
        60 * SECOND_NS, description="Distance between two results within the period."
    )


def _as_names(value: object) -> object:
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, list | tuple) or not all(isinstance(name, str) for name in value):
        raise ValueError("must be the name of a source, or a list of several, such as [a, b]")
    return value


SourceNames = Annotated[
    tuple[str, ...],
    Field(min_length=1),
    BeforeValidator(_as_names, json_schema_input_type=str | list[str]),
]
"""Sources of a window: a name in the file where there is one."""


class WindowBounds(Model):
    """How much of a window is held at once."""

    max_keys: Whole = Field(
        250_000, ge=1, description="Most keys of the window that a key group holds at once."
    )
    on_full: Literal["dead_letter", "drop_oldest"] = Field(
        "dead_letter",
        description="For a key too many: refuse its events, or drop the keys silent for longest.",
    )
    ttl: DurationNs | None = Field(
        None, description="A key without an event for so long, in event time, is dropped."
    )


class Window(Model):
    """Metrics of the events in windows of event time, by key; also a measurement."""

    from_: SourceNames = Field(
        alias="from", description="Source to read, or a list of several as one."
    )
    tumbling: Tumbling | None = Field(None, description="Windows side by side.")
    sliding: Sliding | None = Field(None, description="Windows that overlap.")
    session: Session | None = Field(None, description="Windows that end after a gap.")
    count: Counted | None = Field(None, description="Windows of so many events.")
    cumulative: Cumulative | None = Field(None, description="A day so far, every minute.")
    by: list[str] = Field(
        default_factory=list, description="Key columns; none means one window over all."
    )
    where: str | None = Field(
        None, description="SQL condition; only events for which it is true are counted."
    )
    select: dict[Name, WindowFieldOrText] = Field(
        description="Metrics by name: an SQL expression over aggregates, or more about it."
    )
    early: DurationNs | None = Field(
        None, description="Also results of a window so far, so often; for tumbling and sliding."
    )
    max_series: Whole = Field(
        50_000, ge=1, description="Most series of a result; smaller ones are put together as other."
    )
    state: WindowBounds = Field(
        default_factory=WindowBounds, description="How much of the window is held at once."
    )
    description: str = Field("", description="What the window tells.")

    @property
    def size_ns(self) -> int | None:
        """Length of a window, at most; None where it follows from the events."""
        kind = self.tumbling or self.sliding or self.cumulative
        return kind.size if kind else None

    @property
    def every_ns(self) -> int | None:
        """Distance between two results of a key; None where it follows from the events."""
        kind = self.sliding or self.cumulative
        return kind.every if kind else self.size_ns


class Anomaly(Model):
    """Points of a series that are far from what is usual for it."""

    on: str = Field(description="`window.field`, or `source.field` for a score per event.")
    by: list[str] = Field(
        default_factory=list,
        description="Key columns, for a score per event; a window brings its own.",
    )
    detector: Literal["robust_z"] = Field(
        "robust_z", description="How the expected value is found."
    )
    threshold: Number = Field(
        6.0, gt=0, description="Robust standard deviations from the expected value."
    )
    warm_up: Whole = Field(20, ge=3, description="Points of a series before it is judged.")
    history: Whole = Field(
        120, ge=5, le=10_000, description="Points of a series that its expectation rests on."
    )
    direction: Literal["both", "up", "down"] = Field(
        "both", description="Whether too much, too little or both are anomalies."
    )
    min_deviation: Number = Field(
        0.0, ge=0, description="Smaller deviations, in the field's unit, are never anomalies."
    )
    description: str = Field("", description="What the anomaly means.")


class Alert(Model):
    """A condition that somebody should know of."""

    when: str = Field(
        description="`window.field > number`, `source.field > number` or `anomaly(name)`."
    )
    clear: str | None = Field(
        None, description="Condition that ends it; without one, `when` no longer being true."
    )
    where: str | None = Field(
        None, description="SQL condition over the key columns and fields of the record."
    )
    for_: DurationNs = Field(
        0, alias="for", description="How long in event time `when` must hold before it fires."
    )
    level: Whole = Field(
        5, ge=1, le=10, description="1 to 10; above 7 it also goes to `critical-alerts`."
    )
    summary: str = Field("", description="Text with {key column}, {value} and {alert}.")
    description: str = Field("", description="What it means, and what to do about it.")
    runbook: str = Field("", description="Address of the page that says how to put it right.")


class InfluxOutput(Model):
    """Where records are stored."""

    bucket: Bucket = Field(description="InfluxDB bucket; made when it does not exist.")
    retention: DurationNs = Field(
        30 * 86_400 * SECOND_NS, description="How long records are kept; 0s means for ever."
    )


class KafkaOutput(Model):
    """Where records are sent."""

    topic: Topic = Field("real-time-analytics", description="Topic of all records.")
    critical_topic: Topic = Field("critical-alerts", description="Topic of alerts above level 7.")
    events: bool = Field(False, description="Also send every processed event.")
    delivery: Literal["low_latency", "exactly_once"] = Field(
        "low_latency",
        description="Visible at once and perhaps twice after a crash, or once at the epoch's end.",
    )


class Output(Model):
    """Where records go."""

    influxdb: InfluxOutput | None = None
    kafka: KafkaOutput | None = None


class Dashboard(Model):
    """How live the charts of the pipeline are, in Grafana and on the live page."""

    buffer: Whole = Field(
        1_000, ge=10, le=10_000, description="Most points that a chart holds of a series."
    )
    update: DurationNs = Field(
        SECOND_NS, description="How often a chart takes new points; none are closer together."
    )
    refresh: DurationNs = Field(
        5 * SECOND_NS, description="How often a dashboard in Grafana asks for new data."
    )
    range: DurationNs = Field(
        15 * 60 * SECOND_NS, description="How far back a dashboard in Grafana looks at first."
    )


class Expectation(Model):
    """What a test of the file expects; what is left out is not looked at."""

    alerts: list[str] | None = Field(None, description="Exactly these alerts fire.")
    anomalies: list[str] | None = Field(None, description="Exactly these anomalies are found.")
    windows: dict[str, Count] | None = Field(
        None, description="Number of final rows of each window named."
    )
    dead_letters: Count | None = Field(None, description="Number of records refused.")


class FileTest(Model):
    """A test that the file brings along, run by `tidegauge test`."""

    events: str = Field(
        description="File of raw messages, one a line, relative to the pipeline file."
    )
    source: Name | None = Field(None, description="Source that gets them, where there are several.")
    tables: dict[str, str] = Field(
        default_factory=dict,
        description="Files that stand in for tables, by the table's name; as `file` of a table.",
    )
    expect: Expectation


class State(Model):
    """How the state of the flow is laid out."""

    key_groups: Whole = Field(4, ge=1, le=16, description="Fixed when the state is first made.")


class Pipeline(Model):
    """One pipeline file."""

    version: Annotated[Literal[1], BeforeValidator(_no_bool)] = Field(
        description="Version of this format."
    )
    pipeline: PipelineName = Field(description="Name of the pipeline.")
    description: str = Field("", description="What the pipeline is for.")
    labels: dict[Name, str] = Field(
        default_factory=dict, description="Tags that every record carries."
    )
    timezone: Annotated[str, AfterValidator(_zone)] = Field(
        "UTC", description="Time zone of event times that name none, and of calendar days."
    )
    sources: dict[Name, Source] = Field(description="Streams of events, by name.")
    tables: dict[Name, Table] = Field(
        default_factory=dict, description="Tables that events are enriched from, by name."
    )
    windows: dict[Name, Window] = Field(default_factory=dict, description="Windows, by name.")
    anomalies: dict[Name, Anomaly] = Field(
        default_factory=dict, description="Anomalies to look for, by name."
    )
    alerts: dict[Name, Alert] = Field(default_factory=dict, description="Alerts, by name.")
    output: Output = Field(default_factory=Output, description="Where records go.")
    dashboard: Dashboard = Field(default_factory=Dashboard, description="How live charts are.")
    state: State = Field(default_factory=State, description="How state is laid out.")
    tests: list[FileTest] = Field(default_factory=list, description="What `tidegauge test` checks.")

    @property
    def outputs_topic(self) -> str:
        """Topic where an exactly-once output notes where it began."""
        return f"{self.pipeline}-outputs"

    @property
    def dead_letter_topic(self) -> str:
        """Topic that refused records go to."""
        return f"{self.pipeline}-dead-letters"

    @property
    def journal_topic(self) -> str:
        """Topic of what is not in the data and still decides results (`tidegauge.journal`)."""
        return f"{self.pipeline}-journal"
