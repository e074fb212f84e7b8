"""Patterns: sequences of events of one key."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from tidegauge.spec.models.values import LARGEST, DurationNs, Model, Name, Whole
from tidegauge.spec.models.windows import SourceNames, Thresholds


class Measure(Model):
    """What a match says of its events."""

    expr: str = Field(description="SQL over what steps took, such as COUNT(small) or large.amount.")
    unit: str = Field("", description="Grafana unit id, such as short or currencyEUR.")
    description: str = Field("", description="What the measure means.")
    thresholds: Thresholds = Field(default_factory=Thresholds, description="Marked in dashboards.")


def _as_measure(value: object) -> object:
    if isinstance(value, str):
        return {"expr": value}
    if not isinstance(value, dict | Measure):
        raise ValueError(  # noqa: TRY004 - pydantic's
            f"{value!r} is no measure: write an SQL expression, or a mapping with expr and unit"
        )
    return value


MeasureOrText = Annotated[
    Measure, BeforeValidator(_as_measure, json_schema_input_type=str | Measure)
]


class PatternLimits(Model):
    """How much of a pattern is held for one key."""

    partial_matches: Whole = Field(
        100_000, ge=1, le=LARGEST, description="Most unfinished runs of a key at once."
    )
    buffered_events: Whole = Field(
        100_000, ge=1, le=LARGEST, description="Most events that the unfinished runs of a key hold."
    )
    on_full: Literal["drop_oldest"] = Field(
        "drop_oldest", description="The runs that began first are given up, and told of."
    )


class Pattern(Model):
    """A sequence of events of one key; also a measurement with its matches."""

    from_: SourceNames = Field(
        alias="from", description="Source to read, or a list of several as one."
    )
    by: list[str] = Field(
        default_factory=list, description="Key columns; none means one sequence over all."
    )
    match: str = Field(description="Row pattern, such as small{3,} large or order -> !payment.")
    define: dict[str, str] = Field(
        default_factory=dict,
        description="SQL condition of each step; a step without one takes any event.",
    )
    measures: dict[Name, MeasureOrText] = Field(
        default_factory=dict, description="What a match says of its events: SQL by name."
    )
    within: DurationNs | None = Field(
        None, description="The last event of a match is less than this after its first."
    )
    after_match: str = Field(
        "SKIP PAST LAST ROW",
        description="SKIP PAST LAST ROW, SKIP TO NEXT ROW, SKIP TO FIRST step, SKIP TO LAST step"
        " or NO SKIP.",
    )
    order: Literal["event_time", "arrival"] = Field(
        "event_time",
        description="Events in event-time order up to the watermark, or at once as they arrive.",
    )
    timeouts: bool = Field(
        False, description="Also tell of unfinished runs whose time (`within`) is over."
    )
    limits: PatternLimits = Field(
        default_factory=PatternLimits, description="How much is held for one key."
    )
    description: str = Field("", description="What a match means.")
