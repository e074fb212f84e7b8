"""Comparisons with NULL, which are never true."""

from collections.abc import Iterator

from sqlglot import exp

from tidegauge.expressions.parsing import snippet
from tidegauge.spec.mistakes import Problem
from tidegauge.spec.models import Pipeline
from tidegauge.spec.warnings.expressions import expressions_of

_COMPARISONS = (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.In, exp.Between)


def null_comparisons(pipeline: Pipeline) -> Iterator[Problem]:
    """Each `x = NULL`, `x <> NULL`, `x IN (…, NULL)` and the like.

    SQL gives null for them, whatever x is: neither true nor false.
    """
    for path, tree in expressions_of(pipeline):
        for found in tree.find_all(*_COMPARISONS):
            if any(isinstance(side, exp.Null) for side in found.iter_expressions()):
                yield Problem(path, f"{snippet(found)} {_consequence(found)}")


def _consequence(found: exp.Expr) -> str:
    if isinstance(found, exp.In):
        return "finds no null: NULL in the list is equal to nothing; write x IS NULL OR x IN (…)"
    return "is never true, for nothing is equal to NULL; write IS NULL or IS NOT NULL"
