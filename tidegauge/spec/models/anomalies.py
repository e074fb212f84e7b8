"""Anomalies: which series are watched, by which detector, and how often it may be wrong."""

import re
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, StringConstraints

from tidegauge.spec.detectors import (
    DEFAULT,
    DISTANCE_WARM_UP,
    DISTANCES,
    LEAST_WARM_UP,
    RARITY_WARM_UP,
    DetectorName,
)
from tidegauge.spec.models.values import LARGEST, Model, Number, Whole
from tidegauge.texts import cut

RATE_PATTERN = r"^[0-9]+(\.[0-9]+)? per (hour|day|week|month)$"
_MOST_A_WEEK = 168_000.0
A_WEEK = {"hour": 168.0, "day": 7.0, "week": 1.0, "month": 7.0 / 30.0}
"""How many of each unit a week has; a month has 30 days."""


def _per_week(value: object) -> float:
    """A rate as text, as a number a week."""
    if not isinstance(value, str) or not re.match(RATE_PATTERN, value):
        allowed = "a number per hour, day, week or month, such as 1 per week"
        raise ValueError(f"{value!r} is no rate: allowed is {allowed}")
    number, _, unit = value.split()
    rate = float(number) * A_WEEK[unit]
    if not rate > 0:
        raise ValueError(f"{cut(value)!r}: a rate is above 0")
    if rate > _MOST_A_WEEK:
        raise ValueError(f"{cut(value)!r}: a rate is at most 1000 per hour")
    return rate


def _as_fields(value: object) -> object:
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, list | tuple) or not all(isinstance(name, str) for name in value):
        raise ValueError("must be window.field or source.field, or a list of several")
    return value


RateText = Annotated[str, StringConstraints(pattern=RATE_PATTERN)]
PerWeek = Annotated[float, BeforeValidator(_per_week, json_schema_input_type=RateText)]
"""A rate as text in the file, a number a week here."""
Fields = Annotated[
    tuple[str, ...],
    Field(min_length=1),
    BeforeValidator(_as_fields, json_schema_input_type=str | list[str]),
]
"""What is judged: one field, or several of one window or source as a whole."""


class Anomaly(Model):
    """Points of a series that are not what is usual for it."""

    on: Fields = Field(
        description="`window.field`, or `source.field` for a score per event; a list of several for"
        " `multivariate`."
    )
    by: list[str] = Field(
        default_factory=list,
        description="Key columns, for a score per event; a window brings its own.",
    )
    detector: DetectorName | None = Field(
        None,
        description="How it is judged what is usual; `ensemble` unless said, which needs no"
        " tuning (`robust_z` where `threshold`, `history` or a `warm_up` below 20 is set,"
        " `multivariate` on a list).",
    )
    false_alarms: PerWeek = Field(
        0.5,
        description="How often a series without any anomaly may alarm, such as `1 per week`; not"
        " of `robust_z`. 1 in two weeks unless said.",
    )
    threshold: Number = Field(
        6.0, gt=0, description="Of `robust_z`: robust standard deviations from the expected value."
    )
    warm_up: Whole | None = Field(
        None,
        ge=3,
        le=LARGEST,
        description="Points of a series before it is judged: 50 unless said and at least 20; of"
        " `robust_z` 20 and 3.",
    )
    history: Whole = Field(
        120,
        ge=5,
        le=10_000,
        description="Of `robust_z`: points of a series that its expectation rests on.",
    )
    direction: Literal["both", "up", "down"] = Field(
        "both", description="Whether too much, too little or both are anomalies."
    )
    min_deviation: Number = Field(
        0.0, ge=0, description="Smaller deviations, in the field's unit, are never anomalies."
    )
    group: list[str] = Field(
        default_factory=list,
        description="Of `peers`: keys that a series shares with those it is held against; none"
        " means all of them.",
    )
    description: str = Field("", description="What the anomaly means.")

    @property
    def judged_by(self) -> DetectorName:
        """The detector, also where the file does not name it."""
        if self.detector is not None:
            return self.detector
        if len(self.on) > 1:
            return "multivariate"
        early = self.warm_up is not None and self.warm_up < LEAST_WARM_UP
        return "robust_z" if early or DISTANCES & self.model_fields_set else DEFAULT

    @property
    def hears_silence(self) -> bool:
        """Whether it is told, too, while nothing comes of a series."""
        return self.judged_by == "flat_line"

    @property
    def warmed_up(self) -> int:
        """Points of a series before it is judged."""
        if self.warm_up is not None:
            return self.warm_up
        return DISTANCE_WARM_UP if self.judged_by == "robust_z" else RARITY_WARM_UP

    @property
    def target(self) -> str:
        """Name of the window or source that it is on."""
        return self.on[0].partition(".")[0]

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields of it that are judged, without its name."""
        return tuple(on.partition(".")[2] for on in self.on)

    @property
    def watched(self) -> str:
        """What it is on, as text."""
        return ", ".join(self.on)
