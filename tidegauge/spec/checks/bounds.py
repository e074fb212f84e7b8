"""How much of a window is held: which windows have keys that outlive their windows."""

from tidegauge.spec.checks.review import Review
from tidegauge.spec.mistakes import Path
from tidegauge.spec.models import Window


def check_bounds(review: Review, path: Path, window: Window) -> None:
    """Check `state.ttl`: it is for windows that would remember a key for ever."""
    ttl_ns = window.state.ttl
    if ttl_ns is None:
        return
    here = (*path, "state", "ttl")
    if window.count is None:
        review.say(here, "only for windows of count; the others let go of a key with its last one")
    elif ttl_ns <= 0:
        review.say(here, "0s is not allowed; allowed: how long a key may be silent, such as 30d")
