"""Columns of which only a hash is known, and what an expression can sensibly do with them."""

from collections.abc import Collection

from sqlglot import exp

from tidegauge.expressions.compiled import ExpressionError
from tidegauge.expressions.parsing import parse, snippet

_COUNTING = (exp.Count, exp.Distinct, exp.ApproxDistinct)
_PASSING = (exp.Paren, exp.Coalesce, exp.Case, exp.If)
"""What gives a column's value unchanged, or asks nothing of it."""


def misused(sql: str, opaque: Collection[str]) -> str | None:
    """What an expression does with an opaque column that a hash has no answer to; None for nothing.

    A column may stand alone, be counted, be compared by `=` and `<>` with another opaque one, and
    be asked whether it is null.

    Args:
        sql: an expression; a wrong one misuses nothing.
        opaque: names of the columns.
    """
    try:
        tree = parse(sql)
    except ExpressionError:
        return None
    for column in tree.find_all(exp.Column):
        if column.name in opaque and not _sensible(column, opaque):
            return snippet(column.parent or column)
    return None


def _sensible(column: exp.Column, opaque: Collection[str]) -> bool:
    node: exp.Expr = column
    parent = node.parent
    while isinstance(parent, _PASSING):
        node, parent = parent, parent.parent
    if parent is None or isinstance(parent, (*_COUNTING, exp.Is)):
        return True
    if not isinstance(parent, exp.EQ | exp.NEQ):
        return False
    other = (parent.right if parent.left is node else parent.left).unnest()
    return isinstance(other, exp.Column) and other.name in opaque
