"""Patterns: their sources and keys, the row pattern, conditions and measures."""

from collections.abc import Sequence
from functools import partial

from tidegauge.catalogue import joined_columns
from tidegauge.expressions.compiled import Columns
from tidegauge.patterns.checks import PatternError
from tidegauge.patterns.declared import declared_pattern
from tidegauge.patterns.pattern import Pattern as Compiled
from tidegauge.patterns.pattern import step_names, steps_of
from tidegauge.patterns.run_scope import RunScope
from tidegauge.spec.checks.review import Review
from tidegauge.spec.checks.windows import check_keys, check_sources_of
from tidegauge.spec.mistakes import Path
from tidegauge.spec.models import Pattern


def check_patterns(review: Review) -> None:
    """Check each pattern, and note its measures."""
    for name, declared in review.pipeline.patterns.items():
        path: Path = ("patterns", name)
        review.metrics[name] = review.untyped((*path, "measures"))
        review.metrics[name] |= dict.fromkeys(declared.measures)
        compiled = _compiled(review, path, declared)
        if not check_sources_of(review, path, declared.from_):
            continue
        columns = pattern_events(review, declared.from_)
        check_keys(review, (*path, "by"), declared.by, columns)
        if len(declared.from_) > 1:
            _check_shared_keys(review, path, declared)
        if compiled is not None:
            _check_expressions(review, path, declared, compiled, columns)
        if declared.timeouts and not _has_window(declared, compiled):
            review.say((*path, "timeouts"), "nothing times out without a window; add within")


def pattern_events(review: Review, sources: Sequence[str]) -> Columns:
    """Columns of the events of a pattern over sources, and their types."""
    events = [review.events.get(review.meant(name) or "", {}) for name in sources]
    return joined_columns(list(zip(sources, events, strict=True)))


def _compiled(review: Review, path: Path, declared: Pattern) -> Compiled | None:
    """The pattern, without the parts of its declaration that are wrong."""
    try:
        return declared_pattern(str(path[-1]), declared)
    except PatternError as error:
        review.say((*path, *error.part), str(error), unless=(*path, "match"))
        rest = _without(declared, error.part)
        return None if rest is None else _compiled(review, path, rest)


def _without(declared: Pattern, part: tuple[str, ...]) -> Pattern | None:
    """The declaration without a part of it; None where nothing is left."""
    match part:
        case ("define", str(name)):
            left = {step: sql for step, sql in declared.define.items() if step != name}
            return declared.model_copy(update={"define": left})
        case ("after_match",):
            return declared.model_copy(update={"after_match": "NO SKIP"})
    return None


def _check_expressions(
    review: Review, path: Path, declared: Pattern, compiled: Compiled, columns: Columns
) -> None:
    scope = RunScope(columns, step_names(compiled))
    for step, sql in declared.define.items():
        review.attempt((*path, "define", step), partial(scope.condition, sql))
    for measure, one in declared.measures.items():
        made = review.attempt((*path, "measures", measure), partial(scope.measure, one.expr))
        review.metrics[str(path[-1])][measure] = made[1] if made else None


def _check_shared_keys(review: Review, path: Path, declared: Pattern) -> None:
    """A key column is one of every source, or its events would all have the key null."""
    for index, key in enumerate(declared.by):
        for source in declared.from_:
            columns = review.events.get(source, {})
            if columns and key not in columns:
                message = f"source {source} has no column {key}; allowed: columns of all sources"
                review.say((*path, "by", index), message)


def _has_window(declared: Pattern, compiled: Compiled | None) -> bool:
    if declared.within is not None or compiled is None:
        return True
    return any(step.within_ns is not None for step in steps_of(compiled.sequence))
