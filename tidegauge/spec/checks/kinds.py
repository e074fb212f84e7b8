"""The kind of a window and its sizes: what is allowed, wherever the window is declared."""

from collections.abc import Iterator
from math import gcd

from tidegauge.durations import format_duration_ns as _text
from tidegauge.spec.kinds import EXAMPLES, KINDS
from tidegauge.spec.mistakes import Path
from tidegauge.spec.models import Window

MAX_PANES = 1_000
"""Slides in the size of a window: each is kept as a pane."""
MAX_STEPS = 1_440
"""Steps in the period of a cumulative window: each key gets a result at each."""
MIN_SIZE_NS = 1_000_000

_Problems = Iterator[tuple[Path, str]]


def kind_problems(window: Window) -> _Problems:
    """What is wrong with a window's kind: where in its declaration, and what is allowed."""
    kinds = [kind for kind in KINDS if getattr(window, kind) is not None]
    if len(kinds) != 1:
        found = f"has several kinds ({', '.join(kinds)})" if kinds else "has no kind"
        allowed = ", ".join(f"{kind}: {example}" for kind, example in EXAMPLES.items())
        yield (), f"the window {found}; allowed: one of {allowed}"
    short = [(where, length) for where, length in _lengths(window) if length < MIN_SIZE_NS]
    for where, length_ns in short:
        yield where, f"{_text(length_ns)} is too short; allowed: 1ms or more"
    if short:
        return
    if window.sliding:
        yield from _at("sliding", _slide(window.sliding.size, window.sliding.every))
    if window.count:
        yield from _at("count", _count(window.count.size, window.count.every))
    if window.cumulative:
        yield from _at("cumulative", _steps(window.cumulative.size, window.cumulative.every))


def _lengths(window: Window) -> Iterator[tuple[Path, int]]:
    """Lengths of windows and gaps, in nanoseconds, and where they are."""
    if window.tumbling:
        yield ("tumbling", "size"), window.tumbling.size
    if window.sliding:
        yield ("sliding", "size"), window.sliding.size
    if window.session:
        yield ("session", "gap"), window.session.gap
    if window.cumulative:
        yield ("cumulative", "size"), window.cumulative.size


def _at(kind: str, problems: Iterator[tuple[str, str]]) -> _Problems:
    for key, message in problems:
        yield (kind, key), message


def _count(size: int, given: int | None) -> Iterator[tuple[str, str]]:
    if size < 1:
        yield "size", f"{size} is not allowed; allowed: 1 or more"
        return
    every = size if given is None else given
    if not 0 < every <= size:
        yield "every", f"{every} is not allowed; allowed: 1 to the size {size}"
    elif size // gcd(size, every) > MAX_PANES:
        panes, best = size // gcd(size, every), -(-size // MAX_PANES)
        message = (
            f"{every} makes {panes:,} parts of a window of {size}, for it has to be put together "
            f"from parts that divide both; allowed: at most {MAX_PANES:,}, such as a divisor of "
            f"the size that is {best} or more"
        )
        yield "every", message


def _steps(size: int, every: int) -> Iterator[tuple[str, str]]:
    if not 0 < every <= size or size % every:
        message = (
            f"{_text(every)} is not allowed; allowed: a duration that divides the size "
            f"{_text(size)}"
        )
        yield "every", message
    elif size // every > MAX_STEPS:
        message = (
            f"{_text(every)} is too short for the size {_text(size)}; allowed: "
            f"{_text(-(-size // MAX_STEPS))} or more ({MAX_STEPS:,} results of a key and period)"
        )
        yield "every", message


def _slide(size: int, every: int) -> Iterator[tuple[str, str]]:
    if not 0 < every <= size:
        message = (
            f"{_text(every)} is not allowed; allowed: more than 0s, at most the size {_text(size)}"
        )
        yield "every", message
    elif size % every:
        below = size - size % every
        message = (
            f"{_text(every)} does not divide the size {_text(size)}; allowed: a slide that does, "
            f"or the nearest sizes {_text(below)} and {_text(below + every)}"
        )
        yield "every", message
    elif size // every > MAX_PANES:
        message = (
            f"{_text(every)} is too short for the size {_text(size)}; allowed: "
            f"{_text(-(-size // MAX_PANES))} or more ({MAX_PANES:,} slides in a window)"
        )
        yield "every", message
