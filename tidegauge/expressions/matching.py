"""LIKE, CASE, COALESCE and their kin: matching and choosing."""

import re
from collections.abc import Callable
from functools import partial

import polars as pl
from sqlglot import exp

from tidegauge.expressions import rows
from tidegauge.expressions.calls import FILTER
from tidegauge.expressions.comparison import compared
from tidegauge.expressions.compiled import ExpressionError
from tidegauge.expressions.nodes import (
    Compile,
    Node,
    Rule,
    condition,
    made_of,
    text,
    unified,
)
from tidegauge.expressions.parsing import snippet
from tidegauge.fieldtypes import FieldType

BOOL = FieldType.BOOL


def _like(tree: exp.Expr, compile_: Compile) -> Node:
    escape = None
    if isinstance(tree, exp.Escape):
        mark = tree.expression
        if not isinstance(mark, exp.Literal) or not mark.is_string or len(str(mark.this)) != 1:
            raise ExpressionError(f"{snippet(tree)}: ESCAPE takes one character in quotes")
        escape, tree = str(mark.this), tree.this
        if not isinstance(tree, exp.Like | exp.ILike):
            raise ExpressionError(f"{snippet(tree)}: ESCAPE belongs after LIKE")
    node = text(tree.this, compile_(tree.this), "LIKE")
    pattern = tree.expression
    if not isinstance(pattern, exp.Literal) or not pattern.is_string:
        raise ExpressionError(f"{snippet(tree)}: the pattern of LIKE is a text in quotes")
    ignore_case = isinstance(tree, exp.ILike)
    regex = _regex(str(pattern.this), escape)
    test = rows.matches(regex, ignore_case=ignore_case)
    found = node.polars.str.contains(f"{'(?si)' if ignore_case else '(?s)'}^{regex}$")
    if tree.args.get("negate"):
        row = rows.strict(lambda value: not test(value), node.row)
        return made_of(~found, BOOL, row, [node])
    return made_of(found, BOOL, rows.strict(test, node.row), [node])


def _regex(pattern: str, escape: str | None) -> str:
    """Regular expression of a LIKE pattern: % is any text, _ any one character."""
    parts: list[str] = []
    characters = iter(pattern)
    for character in characters:
        if character == escape:
            parts.append(re.escape(next(characters, character)))
        else:
            parts.append({"%": ".*", "_": "."}.get(character) or re.escape(character))
    return "".join(parts)


def _case(tree: exp.Expr, compile_: Compile) -> Node:
    branches = tree.args["ifs"]
    subject = tree.this
    user = "FILTER" if FILTER in tree.meta else "WHEN"
    tests = []
    for branch in branches:
        # CASE x WHEN 1 is CASE WHEN x = 1.
        test = exp.EQ(this=subject, expression=branch.this) if subject else branch.this
        tests.append(condition(test, compile_(test), user))
    trees = [branch.args["true"] for branch in branches]
    default = tree.args.get("default")
    trees.append(default if default is not None else exp.Null())
    values = unified(trees, [compile_(value) for value in trees], "CASE")
    chosen = values[-1].polars
    for test, value in zip(reversed(tests), reversed(values[:-1]), strict=True):
        chosen = pl.when(test.polars).then(value.polars).otherwise(chosen)
    row = rows.choice([test.row for test in tests], [value.row for value in values])
    return made_of(chosen, values[0].type, row, [*tests, *values])


def _coalesce(tree: exp.Expr, compile_: Compile) -> Node:
    return _over_all(tree, compile_, "COALESCE", pl.coalesce, rows.first_known)


def _greatest(tree: exp.Expr, compile_: Compile) -> Node:
    """The greatest of those that are not null."""
    row = partial(rows.among_known, max)
    return _over_all(tree, compile_, "GREATEST", pl.max_horizontal, row)


def _least(tree: exp.Expr, compile_: Compile) -> Node:
    row = partial(rows.among_known, min)
    return _over_all(tree, compile_, "LEAST", pl.min_horizontal, row)


def _over_all(
    tree: exp.Expr,
    compile_: Compile,
    user: str,
    apply: Callable[..., pl.Expr],
    of_row: Callable[[list[rows.Row]], rows.Row],
) -> Node:
    trees = [tree.this, *tree.expressions]
    nodes = unified(trees, [compile_(part) for part in trees], user)
    row = of_row([node.row for node in nodes])
    return made_of(apply(*(node.polars for node in nodes)), nodes[0].type, row, nodes)


def _nullif(tree: exp.Expr, compile_: Compile) -> Node:
    trees = [tree.this, tree.expression]
    value, other = unified(trees, [compile_(part) for part in trees], "NULLIF")
    if value.type is None:
        return value
    differs = compared(value, other, pl.Expr.ne_missing)
    row = rows.choice([differs.row], [value.row, rows.constant(None)])
    return made_of(pl.when(differs.polars).then(value.polars), value.type, row, [differs, value])


_LIKE = (_like, frozenset({"this", "expression", "negate"}))

RULES: dict[type[exp.Expr], tuple[Rule, frozenset[str]]] = {
    exp.Like: _LIKE,
    exp.ILike: _LIKE,
    exp.Escape: (_like, frozenset({"this", "expression"})),
    exp.Case: (_case, frozenset({"this", "ifs", "default"})),
    exp.Coalesce: (_coalesce, frozenset({"this", "expressions"})),
    exp.Greatest: (_greatest, frozenset({"this", "expressions", "ignore_nulls"})),
    exp.Least: (_least, frozenset({"this", "expressions", "ignore_nulls"})),
    exp.Nullif: (_nullif, frozenset({"this", "expression"})),
}
"""How each of them is compiled, and which of its syntactic parts are understood."""
