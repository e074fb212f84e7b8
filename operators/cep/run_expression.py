"""SQL over one event and values of a run, evaluated for each of them: functions of two rows.

Only what joins the two is evaluated here; what the event alone decides has been worked out in
columns before and is read from its row. Nulls as in SQL.
"""

import operator
from collections.abc import Callable, Sequence
from math import fmod
from typing import Any

from sqlglot import exp

from tidegauge.expressions.compiled import ExpressionError
from tidegauge.expressions.parsing import snippet

Evaluate = Callable[[Sequence[Any], Sequence[Any]], Any]
"""Value for an event's row and the memo of a run."""
Leaf = Callable[[exp.Expr], Evaluate | None]
"""The value of a part that is looked up; None for one that must be taken apart."""

_STRICT: dict[type[exp.Expr], Callable[[Any, Any], Any]] = {
    exp.Add: operator.add,
    exp.Sub: operator.sub,
    exp.Mul: operator.mul,
    exp.Div: lambda a, b: a / b if b else None,
    exp.Mod: lambda a, b: _remainder(a, b) if b else None,
    exp.EQ: operator.eq,
    exp.NEQ: operator.ne,
    exp.LT: operator.lt,
    exp.LTE: operator.le,
    exp.GT: operator.gt,
    exp.GTE: operator.ge,
}
"""Operators whose value is null when one side is."""


def _remainder(a: float, b: float) -> float:
    """The remainder with the sign of the dividend."""
    if isinstance(a, int) and isinstance(b, int):
        rest = abs(a) % abs(b)
        return -rest if a < 0 else rest
    return fmod(a, b)


def evaluator(tree: exp.Expr, leaf: Leaf) -> Evaluate:
    """The tree as a function.

    Raises:
        ExpressionError: a part of it is not available here.
    """
    found = leaf(tree)
    if found is not None:
        return found

    def inner(part: exp.Expr) -> Evaluate:
        return evaluator(part, leaf)

    rule = _RULES.get(type(tree))
    if rule is not None:
        return rule(tree, inner)
    strict = _STRICT.get(type(tree))
    if strict is None:
        raise ExpressionError(
            f"{snippet(tree)} is not available over what was taken before; write operators, "
            "comparisons, AND, OR, NOT, IS NULL, BETWEEN, IN, ABS and COALESCE"
        )
    return _binary(strict, inner(tree.this), inner(tree.expression))


def _binary(apply: Callable[[Any, Any], Any], left: Evaluate, right: Evaluate) -> Evaluate:
    def evaluate(row: Sequence[Any], memo: Sequence[Any]) -> Any:
        a = left(row, memo)
        if a is None:
            return None
        b = right(row, memo)
        return None if b is None else apply(a, b)

    return evaluate


def _paren(tree: exp.Expr, inner: Callable[[exp.Expr], Evaluate]) -> Evaluate:
    return inner(tree.this)


def _and(tree: exp.Expr, inner: Callable[[exp.Expr], Evaluate]) -> Evaluate:
    left, right = inner(tree.this), inner(tree.expression)

    def evaluate(row: Sequence[Any], memo: Sequence[Any]) -> Any:
        a = left(row, memo)
        if a is False:
            return False
        b = right(row, memo)
        if b is False:
            return False
        return None if a is None or b is None else True

    return evaluate


def _or(tree: exp.Expr, inner: Callable[[exp.Expr], Evaluate]) -> Evaluate:
    left, right = inner(tree.this), inner(tree.expression)

    def evaluate(row: Sequence[Any], memo: Sequence[Any]) -> Any:
        a = left(row, memo)
        if a:
            return True
        b = right(row, memo)
        if b:
            return True
        return None if a is None or b is None else False

    return evaluate


def _unary(apply: Callable[[Any], Any]) -> Callable[..., Evaluate]:
    def rule(tree: exp.Expr, inner: Callable[[exp.Expr], Evaluate]) -> Evaluate:
        value = inner(tree.this)

        def evaluate(row: Sequence[Any], memo: Sequence[Any]) -> Any:
            a = value(row, memo)
            return None if a is None else apply(a)

        return evaluate

    return rule


def _is(tree: exp.Expr, inner: Callable[[exp.Expr], Evaluate]) -> Evaluate:
    value, negate = inner(tree.this), bool(tree.args.get("negate"))
    wanted = None if isinstance(tree.expression, exp.Null) else bool(tree.expression.this)
    return lambda row, memo: (value(row, memo) is wanted) is not negate


def _between(tree: exp.Expr, inner: Callable[[exp.Expr], Evaluate]) -> Evaluate:
    low = exp.GTE(this=tree.this, expression=tree.args["low"])
    high = exp.LTE(this=tree.this, expression=tree.args["high"])
    return inner(exp.And(this=low, expression=high))


def _in(tree: exp.Expr, inner: Callable[[exp.Expr], Evaluate]) -> Evaluate:
    first, *others = (exp.EQ(this=tree.this, expression=part) for part in tree.expressions)
    found: exp.Expr = first
    for other in others:
        found = exp.Or(this=found, expression=other)
    return inner(found)


def _coalesce(tree: exp.Expr, inner: Callable[[exp.Expr], Evaluate]) -> Evaluate:
    values = [inner(part) for part in (tree.this, *tree.expressions)]

    def evaluate(row: Sequence[Any], memo: Sequence[Any]) -> Any:
        return next((v for value in values if (v := value(row, memo)) is not None), None)

    return evaluate


_RULES: dict[type[exp.Expr], Callable[..., Evaluate]] = {
    exp.Paren: _paren,
    exp.And: _and,
    exp.Or: _or,
    exp.Not: _unary(operator.not_),
    exp.Neg: _unary(operator.neg),
    exp.Abs: _unary(abs),
    exp.Is: _is,
    exp.Between: _between,
    exp.In: _in,
    exp.Coalesce: _coalesce,
}
