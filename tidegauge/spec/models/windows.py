"""Windows: kinds, metrics, bounds."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from tidegauge.spec.models.values import LARGEST, SECOND_NS, DurationNs, Model, Name, Number, Whole


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

    size: Whole = Field(le=LARGEST, description="Events in a window.")
    every: Whole | None = Field(
        None,
        le=LARGEST,
        description="Events from one window to the next; without it, they do not overlap.",
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
        250_000,
        ge=1,
        le=LARGEST,
        description="Most keys of the window that a key group holds at once.",
    )
    max_key_bytes: Whole = Field(
        67_108_864, ge=1, le=LARGEST, description="Most bytes of the texts of these keys together."
    )
    on_full: Literal["dead_letter", "drop_oldest"] = Field(
        "dead_letter",
        description="For a key too many: refuse its events, or drop the keys silent for longest.",
    )
    ttl: DurationNs | None = Field(
        None,
        description="Of windows of count: a key silent for so long, in event time, begins anew.",
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
        50_000,
        ge=1,
        le=LARGEST,
        description="Most series of a result; smaller ones are put together as other.",
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
