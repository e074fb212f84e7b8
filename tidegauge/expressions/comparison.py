"""Comparisons: operators, IN, BETWEEN."""

import operator
from collections.abc import Callable
from functools import reduce
from typing import Any

import polars as pl
from sqlglot import exp

from tidegauge.expressions import rows
from tidegauge.expressions.compiled import ExpressionError
from tidegauge.expressions.nodes import Compile, Node, Rule, common_type, made_of, unified
from tidegauge.expressions.parsing import snippet
from tidegauge.fieldtypes import FieldType

BOOL = FieldType.BOOL
Apply = Callable[[Any, Any], pl.Expr]

_NULL_SAFE: dict[Apply, Callable[[Any, Any], bool]] = {
    pl.Expr.eq_missing: operator.eq,
    pl.Expr.ne_missing: operator.ne,
}
"""For one row: here null is a value as any other."""
_OPERATORS: dict[type[exp.Expr], tuple[str, Apply]] = {
    exp.EQ: ("=", operator.eq),
    exp.NEQ: ("<>", operator.ne),
    exp.LT: ("<", operator.lt),
    exp.LTE: ("<=", operator.le),
    exp.GT: (">", operator.gt),
    exp.GTE: (">=", operator.ge),
    exp.NullSafeEQ: ("IS NOT DISTINCT FROM", pl.Expr.eq_missing),
    exp.NullSafeNEQ: ("IS DISTINCT FROM", pl.Expr.ne_missing),
}
_MIRRORED: dict[Apply, Apply] = {
    operator.lt: operator.gt,
    operator.le: operator.ge,
    operator.gt: operator.lt,
    operator.ge: operator.le,
}


def compared(left: Node, right: Node, apply: Apply) -> Node:
    """A comparison of two nodes of one type, with a constant on the right.

    Polars 2.1 makes a single row of `5 > x` when x came out of a when-then as one value for all
    rows; `x < 5` keeps its length.
    """
    null_safe = _NULL_SAFE.get(apply)
    row = (
        rows.of_values(null_safe, left.row, right.row)
        if null_safe
        else rows.strict(apply, left.row, right.row)
    )
    if left.constant and not right.constant:
        polars = _MIRRORED.get(apply, apply)(right.polars, left.polars)
    else:
        polars = apply(left.polars, right.polars)
    return made_of(polars, BOOL, row, [left, right])


def comparable(trees: list[exp.Expr], nodes: list[Node], user: str) -> list[Node]:
    """The nodes in one type that Polars compares without converting anything."""
    if common_type(trees, nodes, user) is None:
        return [node.cast(BOOL) for node in nodes]
    return unified(trees, nodes, user)


def _compare(tree: exp.Expr, compile_: Compile) -> Node:
    sign, apply = _OPERATORS[type(tree)]
    sides = [tree.this, tree.expression]
    for side in sides:
        if type(side) in _OPERATORS:
            raise ExpressionError(
                f"{snippet(tree)} compares a comparison: join them with AND, as in 1 < a AND a < 5"
            )
    left, right = comparable(sides, [compile_(side) for side in sides], f"'{sign}' compares")
    return compared(left, right, apply)


def _in(tree: exp.Expr, compile_: Compile) -> Node:
    members = tree.expressions
    if not members:
        raise ExpressionError(f"{snippet(tree)}: IN needs a list of values in brackets")
    trees = [tree.this, *members]
    value, *others = comparable(trees, [compile_(part) for part in trees], "IN")
    listed = all(isinstance(member, exp.Literal) for member in members)
    if listed and value.type and not value.constant:
        kind = {FieldType.INT: int, FieldType.FLOAT: float}.get(value.type, str)
        constants = [kind(str(member.this)) for member in members]
        found = value.polars.is_in(pl.Series(constants).implode())
        row = rows.strict(frozenset(constants).__contains__, value.row)
        return made_of(found, BOOL, row, [value, *others])
    equal = [compared(value, other, operator.eq) for other in others]
    return reduce(_either, equal)


def _either(left: Node, right: Node) -> Node:
    row = rows.either(left.row, right.row)
    return made_of(left.polars | right.polars, BOOL, row, [left, right])


def _between(tree: exp.Expr, compile_: Compile) -> Node:
    trees = [tree.this, tree.args["low"], tree.args["high"]]
    value, low, high = comparable(trees, [compile_(part) for part in trees], "BETWEEN")
    above, below = compared(value, low, operator.ge), compared(value, high, operator.le)
    row = rows.both(above.row, below.row)
    return made_of(above.polars & below.polars, BOOL, row, [above, below])


RULES: dict[type[exp.Expr], tuple[Rule, frozenset[str]]] = {
    **{kind: (_compare, frozenset({"this", "expression"})) for kind in _OPERATORS},
    exp.In: (_in, frozenset({"this", "expressions"})),
    exp.Between: (_between, frozenset({"this", "low", "high"})),
}
"""How each comparison is compiled, and which of its syntactic parts are understood."""
