"""Literals and operators: arithmetic, comparison, three-valued logic, text."""

import operator
from collections.abc import Callable
from typing import Any

import polars as pl
from sqlglot import exp

from tidegauge.expressions.compiled import ExpressionError
from tidegauge.expressions.nodes import (
    Compile,
    Node,
    Rule,
    common_type,
    condition,
    finite,
    kind_name,
    made_of,
    numeric,
    unified,
)
from tidegauge.expressions.parsing import snippet
from tidegauge.fieldtypes import FieldType

INT, FLOAT, STRING, BOOL = FieldType.INT, FieldType.FLOAT, FieldType.STRING, FieldType.BOOL
MAX_INT = 2**63 - 1

_ARITHMETIC: dict[type[exp.Expr], tuple[str, Callable[[Any, Any], Any]]] = {
    exp.Add: ("+", operator.add),
    exp.Sub: ("-", operator.sub),
    exp.Mul: ("*", operator.mul),
}
_COMPARISONS: dict[type[exp.Expr], tuple[str, Callable[[Any, Any], Any]]] = {
    exp.EQ: ("=", operator.eq),
    exp.NEQ: ("<>", operator.ne),
    exp.LT: ("<", operator.lt),
    exp.LTE: ("<=", operator.le),
    exp.GT: (">", operator.gt),
    exp.GTE: (">=", operator.ge),
    exp.NullSafeEQ: ("IS NOT DISTINCT FROM", pl.Expr.eq_missing),
    exp.NullSafeNEQ: ("IS DISTINCT FROM", pl.Expr.ne_missing),
}


def _literal(tree: exp.Expr, _compile: Compile) -> Node:
    value = str(tree.this)
    if tree.args.get("is_string"):
        return Node(pl.lit(value, dtype=pl.String), STRING)
    if value.isascii() and value.isdigit() and int(value) <= MAX_INT:
        return Node(pl.lit(int(value), dtype=pl.Int64), INT)
    try:
        number = float(value)
    except ValueError:
        raise ExpressionError(f"{snippet(tree)} is no number") from None
    return Node(pl.lit(number, dtype=pl.Float64), FLOAT)


def _boolean(tree: exp.Expr, _compile: Compile) -> Node:
    return Node(pl.lit(bool(tree.this), dtype=pl.Boolean), BOOL)


def _null(_tree: exp.Expr, _compile: Compile) -> Node:
    return Node(pl.lit(None), None)


def _paren(tree: exp.Expr, compile_: Compile) -> Node:
    return compile_(tree.this)


def _arithmetic(tree: exp.Expr, compile_: Compile) -> Node:
    sign, apply = _ARITHMETIC[type(tree)]
    left, right = _numbers(tree, compile_, sign)
    kind = FLOAT if FLOAT in (left.type, right.type) else INT
    return made_of(apply(left.polars, right.polars), kind, [left, right])


def _divide(tree: exp.Expr, compile_: Compile) -> Node:
    left, right = (side.cast(FLOAT) for side in _numbers(tree, compile_, "/"))
    polars = pl.when(right.polars != 0).then(left.polars / right.polars)
    return made_of(polars, FLOAT, [left, right], times=2)


def _modulo(tree: exp.Expr, compile_: Compile) -> Node:
    """SQL's remainder has the sign of the dividend; Polars' has that of the divisor."""
    left, right = _numbers(tree, compile_, "%")
    kind = FLOAT if FLOAT in (left.type, right.type) else INT
    left, right = left.cast(kind), right.cast(kind)
    rest = left.polars % right.polars
    other_sign = (rest != 0) & ((rest < 0) != (left.polars < 0))
    polars = pl.when(right.polars != 0).then(
        pl.when(other_sign).then(rest - right.polars).otherwise(rest)
    )
    return made_of(polars, kind, [left, right], times=6)


def _negate(tree: exp.Expr, compile_: Compile) -> Node:
    node = numeric(tree.this, compile_(tree.this), "-")
    return made_of(-node.polars, node.type or INT, [node])


def _numbers(tree: exp.Expr, compile_: Compile, sign: str) -> tuple[Node, Node]:
    left, right = tree.this, tree.expression
    user = f"'{sign}'"
    return numeric(left, compile_(left), user), numeric(right, compile_(right), user)


def power(tree: exp.Expr, compile_: Compile) -> Node:
    """POWER(x, y); null where the result is no finite number."""
    left, right = (side.cast(FLOAT) for side in _numbers(tree, compile_, "POWER"))
    return finite(made_of(left.polars.pow(right.polars), FLOAT, [left, right]))


def _compare(tree: exp.Expr, compile_: Compile) -> Node:
    sign, apply = _COMPARISONS[type(tree)]
    sides = [tree.this, tree.expression]
    for side in sides:
        if type(side) in _COMPARISONS:
            raise ExpressionError(
                f"{snippet(tree)} compares a comparison: join them with AND, as in 1 < a AND a < 5"
            )
    left, right = comparable(sides, [compile_(side) for side in sides], f"'{sign}' compares")
    return made_of(apply(left.polars, right.polars), BOOL, [left, right])


def comparable(trees: list[exp.Expr], nodes: list[Node], user: str) -> list[Node]:
    """The nodes in one type that Polars compares without converting anything."""
    if common_type(trees, nodes, user) is None:
        return [node.cast(BOOL) for node in nodes]
    return unified(trees, nodes, user)


def _logic(tree: exp.Expr, compile_: Compile) -> Node:
    user = "AND" if isinstance(tree, exp.And) else "OR"
    left = condition(tree.this, compile_(tree.this), user)
    right = condition(tree.expression, compile_(tree.expression), user)
    both = left.polars & right.polars if user == "AND" else left.polars | right.polars
    return made_of(both, BOOL, [left, right])


def _not(tree: exp.Expr, compile_: Compile) -> Node:
    node = condition(tree.this, compile_(tree.this), "NOT")
    return made_of(~node.polars, BOOL, [node])


def _is(tree: exp.Expr, compile_: Compile) -> Node:
    node = compile_(tree.this)
    wanted = tree.expression
    if isinstance(wanted, exp.Null):
        polars = node.polars.is_null()
    elif isinstance(wanted, exp.Boolean):
        node = condition(tree.this, node, "IS")
        polars = node.polars.eq_missing(pl.lit(bool(wanted.this)))
    else:
        raise ExpressionError(
            f"{snippet(tree)}: after IS may follow NULL, TRUE or FALSE (with or without NOT)"
        )
    return made_of(~polars if tree.args.get("negate") else polars, BOOL, [node])


def _join(tree: exp.Expr, compile_: Compile) -> Node:
    """`a || b` is null when a part of it is."""
    sides = [compile_(tree.this), compile_(tree.expression)]
    if not any(side.type in (STRING, None) for side in sides):
        raise ExpressionError(
            f"'||' joins strings, but {snippet(tree.this)} is {kind_name(sides[0].type)} "
            f"and {snippet(tree.expression)} {kind_name(sides[1].type)}"
        )
    parts = [side.cast(STRING) for side in sides]
    return made_of(parts[0].polars + parts[1].polars, STRING, parts)


RULES: dict[type[exp.Expr], tuple[Rule, frozenset[str]]] = {
    exp.Literal: (_literal, frozenset({"this", "is_string"})),
    exp.Boolean: (_boolean, frozenset({"this"})),
    exp.Null: (_null, frozenset()),
    exp.Paren: (_paren, frozenset({"this"})),
    **{kind: (_arithmetic, frozenset({"this", "expression"})) for kind in _ARITHMETIC},
    exp.Div: (_divide, frozenset({"this", "expression", "typed", "safe"})),
    exp.Mod: (_modulo, frozenset({"this", "expression"})),
    exp.Neg: (_negate, frozenset({"this"})),
    exp.Pow: (power, frozenset({"this", "expression"})),
    **{kind: (_compare, frozenset({"this", "expression"})) for kind in _COMPARISONS},
    exp.And: (_logic, frozenset({"this", "expression"})),
    exp.Or: (_logic, frozenset({"this", "expression"})),
    exp.Not: (_not, frozenset({"this"})),
    exp.Is: (_is, frozenset({"this", "expression", "negate"})),
    exp.DPipe: (_join, frozenset({"this", "expression", "safe"})),
}
"""How each operator is compiled, and which of its syntactic parts are understood."""
