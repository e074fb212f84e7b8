"""Functions of one row: numbers, text and CAST."""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import polars as pl
from sqlglot import exp

from tidegauge.expressions import rows
from tidegauge.expressions.compiled import ExpressionError
from tidegauge.expressions.nodes import (
    Compile,
    Node,
    Rule,
    made_of,
    numeric,
    text,
)
from tidegauge.expressions.parsing import snippet
from tidegauge.fieldtypes import FieldType

INT, FLOAT, STRING, BOOL = FieldType.INT, FieldType.FLOAT, FieldType.STRING, FieldType.BOOL
MAX_DECIMALS = 15

_TYPES = {
    "SMALLINT": INT,
    "INT": INT,
    "BIGINT": INT,
    "FLOAT": FLOAT,
    "DOUBLE": FLOAT,
    "DECIMAL": FLOAT,
    "VARCHAR": STRING,
    "TEXT": STRING,
    "BOOLEAN": BOOL,
}


def _abs(tree: exp.Expr, compile_: Compile) -> Node:
    node = numeric(tree.this, compile_(tree.this), "ABS")
    if node.type is INT:
        row = rows.strict(lambda value: rows.wrapped(abs(value)), node.row)
        return made_of(node.polars.abs(), INT, row, [node])
    row = rows.strict(abs, node.row)
    return made_of(node.polars.abs(), FLOAT, row, [node], finite=node.finite)


def _whole(
    name: str, apply: Callable[[pl.Expr], pl.Expr], of_row: Callable[[float], float]
) -> Rule:
    """FLOOR or CEIL: an int stays what it is, a float stays a float."""

    def rule(tree: exp.Expr, compile_: Compile) -> Node:
        node = numeric(tree.this, compile_(tree.this), name)
        if node.type is INT:
            return node
        return made_of(apply(node.polars), FLOAT, rows.strict(of_row, node.row), [node])

    return rule


def _round(tree: exp.Expr, compile_: Compile) -> Node:
    """Halves go away from zero, as in SQL."""
    node = numeric(tree.this, compile_(tree.this), "ROUND")
    decimals = tree.args.get("decimals")
    digits = "0" if decimals is None else str(decimals.this)
    whole = decimals is None or (isinstance(decimals, exp.Literal) and not decimals.is_string)
    if not whole or digits not in {str(number) for number in range(MAX_DECIMALS + 1)}:
        raise ExpressionError(
            f"{snippet(tree)}: ROUND takes a number of decimals from 0 to {MAX_DECIMALS}"
        )
    if node.type is INT:
        return node
    polars = node.polars.round(int(digits), mode="half_away_from_zero")
    row = rows.strict(partial(rows.rounded, decimals=int(digits)), node.row)
    return made_of(polars, FLOAT, row, [node])


def _real(name: str, apply: Callable[[pl.Expr], pl.Expr], of_row: Callable[[float], float]) -> Rule:
    """A function of real numbers; not finite where it has no such value."""

    def rule(tree: exp.Expr, compile_: Compile) -> Node:
        node = numeric(tree.this, compile_(tree.this), name).cast(FLOAT)
        row = rows.strict(rows.real(of_row), node.row)
        return made_of(apply(node.polars), FLOAT, row, [node], finite=False)

    return rule


def _textual(
    name: str,
    apply: Callable[[pl.Expr], pl.Expr],
    of_row: Callable[[str], Any],
    result: FieldType,
) -> Rule:
    def rule(tree: exp.Expr, compile_: Compile) -> Node:
        node = text(tree.this, compile_(tree.this), name)
        return made_of(apply(node.polars), result, rows.strict(of_row, node.row), [node])

    return rule


def _concat(tree: exp.Expr, compile_: Compile) -> Node:
    """CONCAT leaves nulls out."""
    parts = [compile_(part).cast(STRING) for part in tree.expressions]
    joined = pl.concat_str([part.polars for part in parts], ignore_nulls=True)
    row = rows.of_values(
        lambda *texts: "".join(text for text in texts if text is not None),
        *(part.row for part in parts),
    )
    return made_of(joined, STRING, row, parts)


def _cast(tree: exp.Expr, compile_: Compile) -> Node:
    """Text that is no number becomes null; a float becomes the nearest int, halves the even one."""
    node = compile_(tree.this)
    target = tree.args["to"]
    to = _TYPES.get(getattr(target.this, "name", ""))
    if to is None or target.expressions or target.args.get("nested"):
        raise ExpressionError(
            f"{snippet(tree)}: CAST goes to BIGINT, DOUBLE, VARCHAR or BOOLEAN (without a length)"
        )
    if to is BOOL and node.type is STRING:
        raise ExpressionError(f"{snippet(tree)}: compare the text instead, such as x = 'true'")
    if node.type is FLOAT and to is INT:
        whole = node.polars.round(0, mode="half_to_even").cast(INT.dtype, strict=False)
        return made_of(whole, INT, rows.strict(rows.nearest, node.row), [node])
    if node.type is STRING and to in (INT, FLOAT):
        row = rows.strict(rows.by_series(STRING.dtype, to.dtype), node.row)
        polars = node.polars.cast(to.dtype, strict=False)
        return made_of(polars, to, row, [node], finite=False)
    return node.cast(to)


def _one(rule: Rule) -> tuple[Rule, frozenset[str]]:
    return rule, frozenset({"this"})


RULES: dict[type[exp.Expr], tuple[Rule, frozenset[str]]] = {
    exp.Abs: _one(_abs),
    exp.Round: (_round, frozenset({"this", "decimals"})),
    exp.Floor: _one(_whole("FLOOR", pl.Expr.floor, rows.floored)),
    exp.Ceil: _one(_whole("CEIL", pl.Expr.ceil, rows.ceiled)),
    exp.Sqrt: _one(_real("SQRT", pl.Expr.sqrt, math.sqrt)),
    exp.Ln: _one(_real("LN", pl.Expr.log, math.log)),
    exp.Exp: _one(_real("EXP", pl.Expr.exp, math.exp)),
    exp.Lower: _one(_textual("LOWER", lambda x: x.str.to_lowercase(), rows.lower, STRING)),
    exp.Upper: _one(_textual("UPPER", lambda x: x.str.to_uppercase(), rows.upper, STRING)),
    exp.Length: _one(
        _textual("LENGTH", lambda x: x.str.len_chars().cast(pl.Int64), len, INT),
    ),
    exp.Concat: (_concat, frozenset({"expressions", "safe", "coalesce"})),
    exp.Cast: (_cast, frozenset({"this", "to"})),
}
"""How each function is compiled, and which of its syntactic parts are understood."""

NAMES = (
    "ABS",
    "CEIL",
    "COALESCE",
    "CONCAT",
    "EXP",
    "FLOOR",
    "GREATEST",
    "LEAST",
    "LENGTH",
    "LN",
    "LOWER",
    "NULLIF",
    "POWER",
    "ROUND",
    "SQRT",
    "UPPER",
)
"""Functions of one row, as a message lists them."""
