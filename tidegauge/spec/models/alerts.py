"""Alerts."""

from pydantic import Field

from tidegauge.spec.models.values import DurationNs, Model, Whole


class Alert(Model):
    """A condition that somebody should know of."""

    when: str = Field(
        description="`window.field > number`, `source.field > number`,"
        " `forecast(window.field, 4h) > number`, `predict(name) > number`, `anomaly(name)`,"
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
    stale_after: DurationNs | None = Field(
        None,
        description="How long in event time nothing may come of its series before it is over, as"
        " stale; without it, the window's length and the distance of two results, at least 10m.",
    )
    level: Whole = Field(
        5, ge=1, le=10, description="1 to 10; above 7 it also goes to `critical-alerts`."
    )
    summary: str = Field(
        "",
        description="Text with {key column}, {value} and {alert}; of events, with their fields.",
    )
    description: str = Field("", description="What it means, and what to do about it.")
    runbook: str = Field("", description="Address of the page that says how to put it right.")
