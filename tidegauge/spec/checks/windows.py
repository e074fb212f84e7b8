"""Windows: their kind and sizes, key columns, conditions and metrics."""

from functools import partial

from tidegauge.durations import format_duration_ns
from tidegauge.expressions.aggregates import compile_aggregate
from tidegauge.expressions.compiled import Columns
from tidegauge.expressions.scalars import compile_predicate
from tidegauge.fieldtypes import FieldType
from tidegauge.spec.checks.review import Review
from tidegauge.spec.mistakes import Path
from tidegauge.spec.models import Sliding, Tumbling, Window

MAX_PANES = 1_000
"""Slides in the size of a window: each is kept as a pane."""
MIN_SIZE_NS = 1_000_000


def check_windows(review: Review) -> None:
    """Check each window, and note its metrics."""
    for name, window in review.pipeline.windows.items():
        path: Path = ("windows", name)
        _check_kind(review, path, window)
        review.metrics[name] = review.untyped((*path, "select"))
        if not window.select:
            message = "no metric: select at least one, such as count: count(*)"
            review.say((*path, "select"), message, unless=(*path, "select"))
        source = (*path, "from")
        if not review.known(source, "source", window.from_, review.pipeline.sources):
            review.metrics[name] |= dict.fromkeys(window.select)
            continue
        columns = review.events[window.from_]
        check_keys(review, (*path, "by"), window.by, columns)
        if window.where is not None:
            review.attempt((*path, "where"), partial(compile_predicate, window.where, columns))
        for metric, declared in window.select.items():
            here = (*path, "select", metric)
            made = review.attempt(here, partial(compile_aggregate, declared.expr, columns))
            review.metrics[name][metric] = made.type if made else None


def check_keys(review: Review, path: Path, by: list[str], columns: Columns) -> None:
    """Check key columns: they exist, once, and take few values."""
    for index, key in enumerate(by):
        here = (*path, index)
        if key in by[:index]:
            review.say(here, f"{key} is here twice")
        elif not review.known(here, "column", key, columns):
            review.broken.add(here)
        elif columns[key] is FieldType.FLOAT:
            message = f"{key} is a float, which is no key; allowed: string, int or bool columns"
            review.say(here, message)


def _check_kind(review: Review, path: Path, window: Window) -> None:
    kinds = [kind for kind in ("tumbling", "sliding") if getattr(window, kind)]
    if len(kinds) != 1:
        found = "has both kinds" if kinds else "has no kind"
        message = (
            f"the window {found}; allowed: one of tumbling: {{size: 10s}} and "
            "sliding: {size: 60s, every: 10s}"
        )
        review.say(path, message, unless=path)
    for kind in (window.tumbling, window.sliding):
        if kind:
            where = (*path, "tumbling" if isinstance(kind, Tumbling) else "sliding")
            if kind.size < MIN_SIZE_NS:
                review.say(
                    (*where, "size"), f"{_text(kind.size)} is too short; allowed: 1ms or more"
                )
            elif isinstance(kind, Sliding):
                _check_slide(review, where, kind)


def _check_slide(review: Review, path: Path, window: Sliding) -> None:
    size, every = window.size, window.every
    here = (*path, "every")
    if not 0 < every <= size:
        message = (
            f"{_text(every)} is not allowed; allowed: more than 0s, at most the size {_text(size)}"
        )
        review.say(here, message)
    elif size % every:
        below = size - size % every
        message = (
            f"{_text(every)} does not divide the size {_text(size)}; allowed: a slide that does, "
            f"or the nearest sizes {_text(below)} and {_text(below + every)}"
        )
        review.say(here, message)
    elif size // every > MAX_PANES:
        message = (
            f"{_text(every)} is too short for the size {_text(size)}; allowed: "
            f"{_text(-(-size // MAX_PANES))} or more ({MAX_PANES:,} slides in a window)"
        )
        review.say(here, message)


def _text(duration_ns: int) -> str:
    return format_duration_ns(duration_ns)
