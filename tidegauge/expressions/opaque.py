"""Columns of which only a hash is known, and what an expression can sensibly do with them."""

from collections.abc import Collection, Mapping
from typing import Any

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


def mixed(sql: str, salts: Mapping[str, str]) -> str | None:
    """Where an expression compares or mixes hashes of different salts; None for nowhere.

    Args:
        sql: an expression; a wrong one mixes nothing.
        salts: salts of opaque columns, by name.
    """
    try:
        tree = parse(sql)
    except ExpressionError:
        return None
    for node in tree.find_all(exp.EQ, exp.NEQ, exp.Coalesce, exp.Case, exp.If):
        sides = (node.left, node.right) if isinstance(node, exp.EQ | exp.NEQ) else (node,)
        if len(frozenset[str]().union(*(_salts(side, salts) for side in sides))) > 1:
            return snippet(node)
    return None


def _salts(node: Any, salts: Mapping[str, str]) -> frozenset[str]:
    """Salts of the opaque columns whose values an expression may give as they are."""
    match node:
        case exp.Column():
            return frozenset({salts[node.name]}) if node.name in salts else frozenset()
        case exp.Case():
            parts = [*(one.args.get("true") for one in node.args["ifs"]), node.args.get("default")]
        case exp.If():
            parts = [node.args.get("true"), node.args.get("false")]
        case exp.Coalesce():
            parts = [node.this, *node.expressions]
        case exp.Paren() | exp.First() | exp.Last():
            parts = [node.this]
        case _:
            parts = []
    return frozenset[str]().union(*(_salts(part, salts) for part in parts))


def copy_of(sql: str, opaque: Collection[str]) -> str | None:
    """The opaque column of an event that was taken whose value a measure is; None for no such.

    Args:
        sql: an expression; a wrong one is none.
        opaque: names of the columns.
    """
    try:
        tree = parse(sql)
    except ExpressionError:
        return None
    while isinstance(tree, (*_PASSING, *_TAKEN)) and isinstance(tree.this, exp.Expr):
        tree = tree.this
    return tree.name if isinstance(tree, exp.Column) and tree.name in opaque else None


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
