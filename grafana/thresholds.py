"""Thresholds of a field as colours."""

from collections.abc import Mapping

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.models import dashboard as models

GOOD, WARNING, CRITICAL = "green", "orange", "red"


def low_is_bad(thresholds: Mapping[str, float]) -> bool:
    """Whether small values are critical: that threshold is below the one of the warning."""
    return (
        "warning" in thresholds
        and "critical" in thresholds
        and thresholds["critical"] < thresholds["warning"]
    )


def steps(thresholds: Mapping[str, float]) -> builders.ThresholdsConfig:
    """Colours from the lowest value up; without thresholds everything is good."""
    warning, critical = thresholds.get("warning"), thresholds.get("critical")
    if low_is_bad(thresholds):
        found = [(None, CRITICAL), (critical, WARNING), (warning, GOOD)]
    else:
        above = [(warning, WARNING), (critical, CRITICAL)]
        found = [(None, GOOD), *((value, color) for value, color in above if value is not None)]
    made = [models.Threshold(value=value, color=color) for value, color in found]
    return builders.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(made)


def scale_end(thresholds: Mapping[str, float]) -> float | None:
    """End of a scale from 0 on which all thresholds can be told apart; None for negative ones."""
    values = list(thresholds.values())
    return 2 * max(values) if values and min(values) > 0 else None
