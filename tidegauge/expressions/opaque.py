"""Columns of which only a hash is known, and what an expression can sensibly do with them."""

from collections.abc import Collection

from sqlglot import exp

from tidegauge.expressions.compiled import ExpressionError
from tidegauge.expressions.parsing import parse, snippet

_COUNTING = (exp.Count, exp.Distinct, exp.ApproxDistinct)
_PASSING = (exp.Paren, exp.Coalesce, exp.Case, exp.If)
"""What gives a column's value unchanged, or asks nothing of it."""
_TAKEN = (exp.First, exp.Last)
"""The same, of the events that a run of a pattern took."""


def misused(sql: str, opaque: Collection[str], *, of_runs: bool = False) -> str | None:
    """What an expression does with an opaque column that a hash has no answer to; None for nothing.

    A column may stand alone, be counted, be compared by `=` and `<>` with another opaque one, and
    be asked whether it is null.

    Args:
        sql: an expression; a wrong one misuses nothing.
        opaque: names of the columns.
        of_runs: it may look at what a run of a pattern took, as in `LAST(small.card)`.
    """
    try:
        tree = parse(sql)
    except ExpressionError:
        return None
    passing = (*_PASSING, *_TAKEN) if of_runs else _PASSING
    for column in tree.find_all(exp.Column):
        if column.name in opaque and not _sensible(column, opaque, passing):
            return snippet(column.parent or column)
    return None


def is_copy(sql: str, opaque: Collection[str]) -> bool:
    """Whether a measure of a pattern is the value of an opaque column of an event that was taken.

    Args:
        sql: an expression; a wrong one is none.
        opaque: names of the columns.
    """
    try:
        tree = parse(sql)
    except ExpressionError:
        return False
    while isinstance(tree, (*_PASSING, *_TAKEN)) and isinstance(tree.this, exp.Expr):
        tree = tree.this
    return isinstance(tree, exp.Column) and tree.name in opaque


def _sensible(
    column: exp.Column, opaque: Collection[str], passing: tuple[type[exp.Expr], ...]
) -> bool:
    node: exp.Expr = column
    parent = node.parent
    while isinstance(parent, passing):
        node, parent = parent, parent.parent
    if parent is None or isinstance(parent, (*_COUNTING, exp.Is)):
        return True
    if not isinstance(parent, exp.EQ | exp.NEQ):
        return False
    other = parent.right if parent.left is node else parent.left
    while isinstance(other, (exp.Paren, *_TAKEN)) and isinstance(other, passing):
        other = other.this
    return isinstance(other, exp.Column) and other.name in opaque
