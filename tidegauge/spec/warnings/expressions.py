"""All SQL expressions of a pipeline, by where they stand."""

from collections.abc import Iterator

from sqlglot import exp

from tidegauge.expressions.compiled import ExpressionError
from tidegauge.expressions.parsing import parse
from tidegauge.spec.mistakes import Path
from tidegauge.spec.models import Pipeline


def expressions_of(pipeline: Pipeline) -> Iterator[tuple[Path, exp.Expr]]:
    """The syntax tree of each expression, with the path of the key that holds it."""
    for path, sql in _texts(pipeline):
        try:
            yield path, parse(sql)
        except ExpressionError:
            continue  # `anomaly(name)` and the like, which are no SQL


def _texts(pipeline: Pipeline) -> Iterator[tuple[Path, str]]:
    for path, part in _parts(pipeline):
        for key in ("filter", "when", "clear", "where"):
            if isinstance(text := getattr(part, key, None), str):
                yield (*path, key), text
        for key in ("derive", "define", "select", "measures"):
            for name, declared in getattr(part, key, {}).items():
                yield (*path, key, name), getattr(declared, "expr", declared)


def _parts(pipeline: Pipeline) -> Iterator[tuple[Path, object]]:
    for key in ("sources", "windows", "patterns", "alerts"):
        for name, part in getattr(pipeline, key).items():
            yield (key, name), part
