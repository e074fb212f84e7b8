"""Charts: how often they are drawn anew, and how far back they look."""

from tidegauge.durations import UNITS_NS, format_duration_ns
from tidegauge.spec.checks.review import Review

BOUNDS = {
    "update": (100 * UNITS_NS["ms"], UNITS_NS["m"], UNITS_NS["ms"]),
    "refresh": (UNITS_NS["s"], UNITS_NS["h"], UNITS_NS["s"]),
    "range": (UNITS_NS["m"], 365 * UNITS_NS["d"], UNITS_NS["s"]),
}
"""Least, most and unit of each duration, in nanoseconds."""


def check_dashboard(review: Review) -> None:
    """Check that browsers and Grafana can keep to the durations."""
    for key, (least, most, unit) in BOUNDS.items():
        found = getattr(review.pipeline.dashboard, key)
        if not least <= found <= most or found % unit:
            bounds = f"{format_duration_ns(least)} to {format_duration_ns(most)}"
            whole = f"in whole {'milliseconds' if unit == UNITS_NS['ms'] else 'seconds'}"
            message = f"{format_duration_ns(found)} is not allowed; allowed: {bounds}, {whole}"
            review.say(("dashboard", key), message)
