"""Literals and operators: arithmetic, three-valued logic, text."""

import operator
from collections.abc import Callable, Sequence
from math import fmod, isfinite
from math import pow as pow_
from typing import Any

import numpy as np
import polars as pl
from sqlglot import exp

from tidegauge.expressions import rows
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
    return Node(pl.lit(value, dtype=kind.dtype), kind, rows.constant(value), constant=True)


def _boolean(tree: exp.Expr, _compile: Compile) -> Node:
    return _constant(bool(tree.this), BOOL)


def _null(_tree: exp.Expr, _compile: Compile) -> Node:
    return Node(pl.lit(None), None, rows.constant(None), constant=True)


def _paren(tree: exp.Expr, compile_: Compile) -> Node:
    return compile_(tree.this)


def _arithmetic(tree: exp.Expr, compile_: Compile) -> Node:
    sign, apply = _ARITHMETIC[type(tree)]
    left, right = _numbers(tree, compile_, sign)
    polars = apply(left.polars, right.polars)
    if FLOAT not in (left.type, right.type):
        row = rows.strict(lambda a, b: rows.wrapped(apply(a, b)), left.row, right.row)
        return made_of(polars, INT, row, [left, right])
    left, right = left.cast(FLOAT), right.cast(FLOAT)
    row = rows.strict(apply, left.row, right.row)
    return made_of(polars, FLOAT, row, [left, right], finite=False)


def _divide(tree: exp.Expr, compile_: Compile) -> Node:
    """The quotient as a float; by zero it is not finite, which stands for null."""
    left, right = (side.cast(FLOAT) for side in _numbers(tree, compile_, "/"))
    right = finite(right)  # what is divided by infinity would be 0
    row = rows.strict(rows.real(operator.truediv), left.row, right.row)
    polars = left.polars / _spread(right.polars, left.polars)
    return made_of(polars, FLOAT, row, [left, right], times=2, finite=False)


def _spread(divisor: pl.Expr, over: pl.Expr) -> pl.Expr:
    """The divisor as a column of its own value.

    Polars multiplies by the reciprocal where it knows one divisor for all rows: 35 / 100 would be
    0.35000000000000003, and another number in a batch of one.
    """
    return over * 0.0 + divisor


def _modulo(tree: exp.Expr, compile_: Compile) -> Node:
    """The remainder with the sign of the dividend, less than the divisor, as C has it."""
    left, right = _numbers(tree, compile_, "%")
    if FLOAT in (left.type, right.type):
        left, right = left.cast(FLOAT), finite(right.cast(FLOAT))
        row = rows.strict(rows.real(fmod), left.row, right.row)
        polars = pl.map_batches(
            [left.polars, right.polars],
            _remainders,
            return_dtype=FLOAT.dtype,
            is_elementwise=True,
        )
        return made_of(polars, FLOAT, row, [left, right], finite=False)
    rest = left.polars % right.polars
    # Polars' remainder has the sign of the divisor.
    other_sign = (rest != 0) & ((rest < 0) != (left.polars < 0))
    polars = pl.when(right.polars != 0).then(
        pl.when(other_sign).then(rest - right.polars).otherwise(rest)
    )
    row = rows.strict(rows.whole_remainder, left.row, right.row)
    return made_of(polars, INT, row, [left, right], times=6)


def _remainders(sides: Sequence[pl.Series]) -> pl.Series:
    """Exact remainders; NaN where there is none. Polars' own go by way of a rounded quotient."""
    dividend, divisor = (side.to_numpy() for side in sides)
    with np.errstate(invalid="ignore"):
        return pl.Series(np.fmod(dividend, divisor))


def _negate(tree: exp.Expr, compile_: Compile) -> Node:
    node = numeric(tree.this, compile_(tree.this), "-")
    if node.type is INT:
        row = rows.strict(lambda value: rows.wrapped(-value), node.row)
        return made_of(-node.polars, INT, row, [node])
    row = rows.strict(operator.neg, node.row)
    return made_of(-node.polars, FLOAT, row, [node], finite=node.finite)


def _numbers(tree: exp.Expr, compile_: Compile, sign: str) -> tuple[Node, Node]:
    left, right = tree.this, tree.expression
    user = f"'{sign}'"
    return numeric(left, compile_(left), user), numeric(right, compile_(right), user)


def power(tree: exp.Expr, compile_: Compile) -> Node:
    """POWER(x, y); not finite where there is no such number."""
    left, right = (side.cast(FLOAT) for side in _numbers(tree, compile_, "POWER"))
    row = rows.strict(rows.real(pow_), left.row, right.row)
    return made_of(left.polars.pow(right.polars), FLOAT, row, [left, right], finite=False)


def _logic(tree: exp.Expr, compile_: Compile) -> Node:
    user = "AND" if isinstance(tree, exp.And) else "OR"
    left = condition(tree.this, compile_(tree.this), user)
    right = condition(tree.expression, compile_(tree.expression), user)
    if user == "AND":
        both = rows.both(left.row, right.row)
        return made_of(left.polars & right.polars, BOOL, both, [left, right])
    either = rows.either(left.row, right.row)
    return made_of(left.polars | right.polars, BOOL, either, [left, right])


def _not(tree: exp.Expr, compile_: Compile) -> Node:
    node = condition(tree.this, compile_(tree.this), "NOT")
    return made_of(~node.polars, BOOL, rows.strict(operator.not_, node.row), [node])


def _is(tree: exp.Expr, compile_: Compile) -> Node:
    node = compile_(tree.this)
    wanted, negate = tree.expression, bool(tree.args.get("negate"))
    if isinstance(wanted, exp.Null):
        polars, value = node.polars.is_null(), None
    elif isinstance(wanted, exp.Boolean):
        node = condition(tree.this, node, "IS")
        value = bool(wanted.this)
        polars = node.polars.eq_missing(pl.lit(value))
    else:
        raise ExpressionError(
            f"{snippet(tree)}: after IS may follow NULL, TRUE or FALSE (with or without NOT)"
        )
    row = rows.of_values(lambda found: (found is value) is not negate, node.row)
    return made_of(~polars if negate else polars, BOOL, row, [node])


def _join(tree: exp.Expr, compile_: Compile) -> Node:
    """`a || b` is null when a part of it is."""
    sides = [compile_(tree.this), compile_(tree.expression)]
    if not any(side.type in (STRING, None) for side in sides):
        raise ExpressionError(
            f"'||' joins strings, but {snippet(tree.this)} is {kind_name(sides[0].type)} "
            f"and {snippet(tree.expression)} {kind_name(sides[1].type)}"
        )
    left, right = (side.cast(STRING) for side in sides)
    row = rows.strict(operator.add, left.row, right.row)
    return made_of(left.polars + right.polars, STRING, row, [left, right])


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
