"""Windows: their kind and sizes, key columns, conditions and metrics."""

from functools import partial
from math import gcd

from tidegauge.durations import format_duration_ns
from tidegauge.expressions.aggregates import compile_aggregate
from tidegauge.expressions.compiled import Columns
from tidegauge.expressions.scalars import compile_predicate
from tidegauge.fieldtypes import FieldType
from tidegauge.spec.checks.bounds import check_bounds
from tidegauge.spec.checks.review import Review
from tidegauge.spec.kinds import EXAMPLES, KINDS
from tidegauge.spec.mistakes import Path
from tidegauge.spec.models import Counted, Window

MAX_PANES = 1_000
"""Slides in the size of a window: each is kept as a pane."""
MAX_STEPS = 1_440
"""Steps in the period of a cumulative window: each key gets a result at each."""
MIN_SIZE_NS = 1_000_000


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
        if not _check_sources(review, path, window):
            review.metrics[name] |= dict.fromkeys(window.select)
            continue
        columns = review.events_of(window)
        check_keys(review, (*path, "by"), window.by, columns)
        if window.where is not None:
            review.attempt((*path, "where"), partial(compile_predicate, window.where, columns))
        for metric, declared in window.select.items():
            here = (*path, "select", metric)
            made = review.attempt(here, partial(compile_aggregate, declared.expr, columns))
            review.metrics[name][metric] = made.type if made else None


def _check_sources(review: Review, path: Path, window: Window) -> bool:
    """Whether all sources are there, each once."""
    here = (*path, "from")
    several = len(window.from_) > 1
    sound = True
    for index, name in enumerate(window.from_):
        at = (*here, index) if several else here
        if name in window.from_[:index]:
            review.say(at, f"{name} is here twice")
            sound = False
        else:
            sound &= review.known(at, "source", name, review.pipeline.sources)
    return sound


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
    kinds = [kind for kind in KINDS if getattr(window, kind) is not None]
    if len(kinds) != 1:
        found = f"has several kinds ({', '.join(kinds)})" if kinds else "has no kind"
        allowed = ", ".join(f"{kind}: {example}" for kind, example in EXAMPLES.items())
        message = f"the window {found}; allowed: one of {allowed}"
        review.say(path, message, unless=path)
    if window.tumbling:
        _long_enough(review, (*path, "tumbling", "size"), window.tumbling.size)
    if window.sliding:
        where = (*path, "sliding")
        if _long_enough(review, (*where, "size"), window.sliding.size):
            _check_slide(review, where, window.sliding.size, window.sliding.every)
    if window.session:
        _long_enough(review, (*path, "session", "gap"), window.session.gap)
    if window.count:
        _check_count(review, (*path, "count"), window.count)
    if window.cumulative:
        where = (*path, "cumulative")
        if _long_enough(review, (*where, "size"), window.cumulative.size):
            _check_cumulative(review, where, window.cumulative.size, window.cumulative.every)


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


def _long_enough(review: Review, path: Path, duration_ns: int) -> bool:
    if duration_ns >= MIN_SIZE_NS:
        return True
    review.say(path, f"{_text(duration_ns)} is too short; allowed: 1ms or more")
    return False


def _check_count(review: Review, path: Path, window: Counted) -> None:
    size, every = window.size, window.every or window.size
    if size < 1:
        review.say((*path, "size"), f"{size} is not allowed; allowed: 1 or more")
    elif window.every is not None and not 0 < window.every <= size:
        message = f"{window.every} is not allowed; allowed: 1 to the size {size}"
        review.say((*path, "every"), message)
    elif size // gcd(size, every) > MAX_PANES:
        panes, best = size // gcd(size, every), -(-size // MAX_PANES)
        message = (
            f"{every} makes {panes:,} parts of a window of {size}, for it has to be put together "
            f"from parts that divide both; allowed: at most {MAX_PANES:,}, such as a divisor of "
            f"the size that is {best} or more"
        )
        review.say((*path, "every"), message)


def _check_cumulative(review: Review, path: Path, size: int, every: int) -> None:
    here = (*path, "every")
    if not 0 < every <= size or size % every:
        message = (
            f"{_text(every)} is not allowed; allowed: a duration that divides the size "
            f"{_text(size)}"
        )
        review.say(here, message)
    elif size // every > MAX_STEPS:
        message = (
            f"{_text(every)} is too short for the size {_text(size)}; allowed: "
            f"{_text(-(-size // MAX_STEPS))} or more ({MAX_STEPS:,} results of a key and period)"
        )
        review.say(here, message)


def _check_slide(review: Review, path: Path, size: int, every: int) -> None:
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
