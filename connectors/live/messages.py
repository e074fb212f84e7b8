"""What the feed sends, as models: for the schema in the docs, and for the tests."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

Keys = dict[str, str]
TimeMs = float
"""Milliseconds since the epoch, with fractions."""


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class FieldAbout(_Message):
    """A field of a signal."""

    name: str
    type: Literal["float", "int", "bool"]
    unit: str = Field(description="Grafana unit id.")
    description: str
    thresholds: dict[str, float] = Field(description="`warning` and `critical`, where declared.")


class SignalAbout(_Message):
    """A window, whose fields are series, one for each key."""

    name: str
    description: str
    keys: list[str] = Field(description="Key columns.")
    kind: str = Field(description="Its kind and sizes in words.")
    size_ms: float | None = Field(
        description="Length of a window; null where it follows from the events."
    )
    every_ms: float | None = Field(
        description="Distance between two results; null where it follows from the events."
    )
    fields: list[FieldAbout]


class Mark(_Message):
    """A field of a signal that an anomaly is drawn with."""

    signal: str
    field: str


class AnomalyRule(_Message):
    """An anomaly of the pipeline file."""

    name: str
    description: str
    on: str
    per_event: bool = Field(description="Whether single events are judged, not windows.")
    marks: list[Mark]


class AlertRule(_Message):
    """An alert of the pipeline file."""

    name: str
    level: int
    when: str
    summary: str
    moment: bool = Field(description="Whether it is about a moment, so that nothing resolves it.")


class PipelineAbout(_Message):
    """The pipeline."""

    name: str
    description: str
    labels: dict[str, str]


class Points(_Message):
    """New, corrected or all points of a series."""

    series: int = Field(description="Number of the series in this feed.")
    signal: str
    keys: Keys
    time_ms: list[TimeMs] = Field(description="Ends of the windows, ascending.")
    fields: dict[str, list[float | None]] = Field(description="Values by field, one a time.")
    replace: bool = Field(
        default=False, description="These are all points; else a point replaces that of its time."
    )


class AlertState(_Message):
    """The newest record of an alert for a key."""

    alert: str
    level: int
    keys: Keys
    state: Literal["pending", "firing", "resolved", "stale", "inactive", "ended"] = Field(
        description="`ended`: nothing resolves it, and it was told more than five minutes ago."
    )
    id: str
    value: float | None
    summary: str | None
    since_ms: TimeMs
    time_ms: TimeMs


class AnomalyRecord(_Message):
    """An anomaly that was found."""

    anomaly: str
    keys: Keys
    time_ms: TimeMs
    field: str | None
    value: float | None
    expected: float | None
    lower: float | None
    upper: float | None
    score: float | None
    direction: str | None


class Latency(_Message):
    """From the broker's append of the record that closed a window to its result."""

    p50_ms: float | None
    p99_ms: float | None
    results: int = Field(description="Over so many of the newest results.")


class Overview(_Message):
    """The whole flow, whatever the client has asked for."""

    events: int = Field(description="Messages processed.")
    events_per_second: float
    errors: int = Field(description="Messages that became dead letters.")
    corrections: int = Field(description="Late events within the allowed lateness.")
    filtered: int = Field(description="Events that the filter left out.")
    partitions: int
    watermark_ms: TimeMs | None = Field(description="The lowest of the partitions.")
    counted_ms: TimeMs | None = Field(description="Wall clock of the newest count.")
    latency: Latency
    alerts: dict[str, int] = Field(
        description="Firing by gravity (`critical` from level 8, `warning` from 5), and `pending`."
    )
    dead_letters: dict[str, int] = Field(description="Stored dead letters by kind.")
    series: dict[str, int] = Field(description="Number of series of each signal.")
    matching: dict[str, int] = Field(description="Of these, so many match what was asked for.")
    trouble: str = Field(description="Why there are no records; empty when all is well.")


class FeedSettings(_Message):
    """How the feed was set."""

    points: int = Field(description="Most points of a series.")
    update_every_ms: float = Field(description="Least time between two updates.")
    refresh_ms: float = Field(description="Time after which the choice of series is made again.")
    range_ms: float = Field(description="How far back a page looks at first.")


class SelectionAbout(_Message):
    """What the client has asked for."""

    signals: list[str] | None
    top: int
    keys: dict[str, list[str]]
    search: str


class Rates(_Message):
    """Messages a second so far."""

    time_ms: list[TimeMs]
    values: list[float]


class InitialState(_Message):
    """The first message, and the answer to every request."""

    type: Literal["initial_state"]
    sequence: int = Field(description="Number of the change that it includes.")
    sent_ms: TimeMs
    reply_to: str | None = Field(default=None, description="`id` of the request it answers.")
    pipeline: PipelineAbout
    signals: list[SignalAbout]
    anomaly_rules: list[AnomalyRule]
    alert_rules: list[AlertRule]
    settings: FeedSettings
    selection: SelectionAbout
    overview: Overview
    rates: Rates
    series: list[Points]
    alerts: list[AlertState] = Field(description="All active ones and the newest that ended.")
    anomalies: list[AnomalyRecord]


class Update(_Message):
    """What came since the message before."""

    type: Literal["update"]
    sequence: int
    since: int = Field(description="Includes the changes after this one, up to `sequence`.")
    sent_ms: TimeMs
    overview: Overview
    series: list[Points] = Field(default_factory=list)
    removed: list[int] = Field(
        default_factory=list, description="Numbers of series that are no longer sent."
    )
    alerts: list[AlertState] = Field(default_factory=list)
    anomalies: list[AnomalyRecord] = Field(default_factory=list)


class Error(_Message):
    """A request was refused; all goes on as before."""

    type: Literal["error"]
    message: str
    reply_to: str | None = None


ServerMessage = Annotated[InitialState | Update | Error, Field(discriminator="type")]
SERVER_MESSAGE: TypeAdapter[InitialState | Update | Error] = TypeAdapter(ServerMessage)
