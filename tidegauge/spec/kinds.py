"""The kinds of windows in words."""

from tidegauge.durations import format_duration_ns
from tidegauge.spec.models import Window

KINDS = ("tumbling", "sliding", "session", "count", "cumulative")
"""Keys of a window of which it has exactly one."""
EXAMPLES = {
    "tumbling": "{size: 10s}",
    "sliding": "{size: 60s, every: 10s}",
    "session": "{gap: 30m}",
    "count": "{size: 100}",
    "cumulative": "{size: 1d, every: 1m}",
}


def in_words(window: Window) -> str:
    """What a window's kind and sizes are, such as `windows of 1m every 10s`."""
    if window.session:
        return f"sessions with a gap of {format_duration_ns(window.session.gap)}"
    if window.count:
        every = window.count.every
        return f"windows of {window.count.size:,} events{f' every {every:,}' if every else ''}"
    size = format_duration_ns(window.size_ns or 0)
    every_ns = window.every_ns or 0
    if window.cumulative:
        return f"{size} so far, every {format_duration_ns(every_ns)}"
    slide = f" every {format_duration_ns(every_ns)}" if window.sliding else ""
    return f"windows of {size}{slide}"
