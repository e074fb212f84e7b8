"""How much of a window is held: a time to live that is no shorter than the window."""

from tidegauge.durations import format_duration_ns
from tidegauge.spec.checks.review import Review
from tidegauge.spec.mistakes import Path
from tidegauge.spec.models import Window


def check_bounds(review: Review, path: Path, window: Window) -> None:
    """Check `state.ttl`: what is held of a window may not be dropped before the window ends."""
    ttl_ns = window.state.ttl
    if ttl_ns is None:
        return
    length_ns = window.session.gap if window.session else window.size_ns or 0
    least_ns = max(length_ns, 1_000_000)
    if ttl_ns < least_ns:
        message = (
            f"{format_duration_ns(ttl_ns)} is too short; allowed:"
            f" {format_duration_ns(least_ns)} or more, the length of the window"
        )
        review.say((*path, "state", "ttl"), message)
