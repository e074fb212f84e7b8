"""Anomalies and alerts."""

from typing import Literal

from pydantic import Field

from tidegauge.spec.models.values import DurationNs, Model, Number, Whole


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
        description="`window.field > number`, `source.field > number`, `anomaly(name)`,"
        " `match(name)` or `timeout(name)`."
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
