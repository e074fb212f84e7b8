"""Windows: their kind and sizes, key columns, conditions and metrics."""

from collections.abc import Sequence
from functools import partial
from math import gcd

from tidegauge.durations import format_duration_ns as _text
from tidegauge.expressions.aggregates import compile_aggregate
from tidegauge.expressions.compiled import Columns
from tidegauge.expressions.scalars import compile_predicate
from tidegauge.fieldtypes import FieldType
from tidegauge.spec.checks.bounds import check_bounds
from tidegauge.spec.checks.kinds import MAX_PANES, kind_problems
from tidegauge.spec.checks.review import Review
from tidegauge.spec.mistakes import Path
from tidegauge.spec.models import Window


def check_windows(review: Review) -> None:
    """Check each window, and note its metrics."""
    for name, window in review.pipeline.windows.items():
        path: Path = ("windows", name)
        _check_kind(review, path, window)
        _check_early(review, (*path, "early"), window)
        check_bounds(review, path, window)
        review.metrics[name] = review.untyped((*path, "select"))
        if not window.select:
            message = "no metric: select at least one, such as count: count(*)"
            review.say((*path, "select"), message, unless=(*path, "select"))
        if not check_sources_of(review, path, window.from_):
            review.metrics[name] |= dict.fromkeys(window.select)
            continue
        columns = review.events_of(window.from_)
        check_keys(review, (*path, "by"), window.by, columns)
        if window.where is not None:
            review.attempt((*path, "where"), partial(compile_predicate, window.where, columns))
        for metric, declared in window.select.items():
            here = (*path, "select", metric)
            made = review.attempt(here, partial(compile_aggregate, declared.expr, columns))
            review.metrics[name][metric] = made.type if made else None


def check_sources_of(review: Review, path: Path, sources: Sequence[str]) -> bool:
    """Check the sources of `from`: they are there, each once.

    Returns:
        whether it is known which are meant.
    """
    here = (*path, "from")
    several = len(sources) > 1
    for index, name in enumerate(sources):
        at = (*here, index) if several else here
        if name in sources[:index]:
            review.say(at, f"{name} is here twice")
        else:
            review.known(at, "source", name, review.pipeline.sources)
    return None not in map(review.meant, sources)


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
    for where, message in kind_problems(window):
        review.say((*path, *where), message, unless=None if where else path)


def _check_early(review: Review, path: Path, window: Window) -> None:
    early = window.early
    if early is None:
        return
    if not (window.tumbling or window.sliding):
        review.say(path, "only tumbling and sliding windows have early results")
        return
    size = window.size_ns or 0
    if not 0 < early < size or size % early:
        message = f"{_text(early)} is not allowed; allowed: a part of the size {_text(size)}"
        review.say(path, f"{message} that divides it")
    elif size // gcd(size, window.every_ns or size, early) > MAX_PANES:
        message = (
            f"{_text(early)} is too short for the size {_text(size)}; allowed: "
            f"{_text(-(-size // MAX_PANES))} or more"
        )
        review.say(path, message)
