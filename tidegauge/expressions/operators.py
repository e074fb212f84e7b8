"""Literals and operators: arithmetic, three-valued logic, text."""

import operator
from collections.abc import Callable
from math import isfinite
from typing import Any

import polars as pl
from sqlglot import exp

from tidegauge.expressions.compiled import ExpressionError
from tidegauge.expressions.nodes import (
    Compile,
    Node,
    Rule,
    condition,
    finite,
    kind_name,
    made_of,
    numeric,
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


def _literal(tree: exp.Expr, _compile: Compile) -> Node:
    value = str(tree.this)
    if tree.args.get("is_string"):
        return _constant(value, STRING)
    if value.isascii() and value.isdigit() and int(value) <= MAX_INT:
        return _constant(int(value), INT)
    try:
        number = float(value)
    except ValueError:
        raise ExpressionError(f"{snippet(tree)} is no number") from None
    if not isfinite(number):
        raise ExpressionError(f"{snippet(tree)} is too large a number")
    return _constant(number, FLOAT)


def _constant(value: object, kind: FieldType) -> Node:
    return Node(pl.lit(value, dtype=kind.dtype), kind, constant=True)


def _boolean(tree: exp.Expr, _compile: Compile) -> Node:
    return _constant(bool(tree.this), BOOL)


def _null(_tree: exp.Expr, _compile: Compile) -> Node:
    return Node(pl.lit(None), None, constant=True)


def _paren(tree: exp.Expr, compile_: Compile) -> Node:
    return compile_(tree.this)


def _arithmetic(tree: exp.Expr, compile_: Compile) -> Node:
    sign, apply = _ARITHMETIC[type(tree)]
    left, right = _numbers(tree, compile_, sign)
    kind = FLOAT if FLOAT in (left.type, right.type) else INT
    return made_of(apply(left.polars, right.polars), kind, [left, right])


def _divide(tree: exp.Expr, compile_: Compile) -> Node:
    left, right = (side.cast(FLOAT) for side in _numbers(tree, compile_, "/"))
    polars = pl.when(right.polars != 0).then(left.polars / _spread(right.polars, left.polars))
    return made_of(polars, FLOAT, [left, right], times=2)


def _spread(divisor: pl.Expr, over: pl.Expr) -> pl.Expr:
    """The divisor as a column of its own value.

    Polars multiplies by the reciprocal where it knows one divisor for all rows: 35 / 100 would be
    0.35000000000000003, and another number in a batch of one.
    """
    return over * 0.0 + divisor


def _modulo(tree: exp.Expr, compile_: Compile) -> Node:
    """SQL's remainder has the sign of the dividend; Polars' has that of the divisor."""
    left, right = _numbers(tree, compile_, "%")
    kind = FLOAT if FLOAT in (left.type, right.type) else INT
    left, right = left.cast(kind), right.cast(kind)
    rest = left.polars % (_spread(right.polars, left.polars) if kind is FLOAT else right.polars)
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
    exp.And: (_logic, frozenset({"this", "expression"})),
    exp.Or: (_logic, frozenset({"this", "expression"})),
    exp.Not: (_not, frozenset({"this"})),
    exp.Is: (_is, frozenset({"this", "expression", "negate"})),
    exp.DPipe: (_join, frozenset({"this", "expression", "safe"})),
}
"""How each operator is compiled, and which of its syntactic parts are understood."""
