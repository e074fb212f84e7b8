"""Functions of one row: numbers, text and CAST."""

from collections.abc import Callable

import polars as pl
from sqlglot import exp

from tidegauge.expressions.compiled import ExpressionError
from tidegauge.expressions.nodes import (
    Compile,
    Node,
    Rule,
    finite,
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
    return made_of(node.polars.abs(), node.type or INT, [node])


def _whole(name: str, apply: Callable[[pl.Expr], pl.Expr]) -> Rule:
    """FLOOR or CEIL: an int stays what it is, a float stays a float."""

    def rule(tree: exp.Expr, compile_: Compile) -> Node:
        node = numeric(tree.this, compile_(tree.this), name)
        return node if node.type is INT else made_of(apply(node.polars), FLOAT, [node])

    return rule


def _round(tree: exp.Expr, compile_: Compile) -> Node:
    """Halves go away from zero, as in SQL."""
    node = numeric(tree.this, compile_(tree.this), "ROUND")
    decimals = tree.args.get("decimals")
    digits = "0" if decimals is None else str(decimals.this)
    if (decimals is not None and not isinstance(decimals, exp.Literal)) or digits not in {
        str(number) for number in range(MAX_DECIMALS + 1)
    }:
        raise ExpressionError(
            f"{snippet(tree)}: ROUND takes a number of decimals from 0 to {MAX_DECIMALS}"
        )
    if node.type is INT:
        return node
    return made_of(node.polars.round(int(digits), mode="half_away_from_zero"), FLOAT, [node])


def _real(name: str, apply: Callable[[pl.Expr], pl.Expr]) -> Rule:
    """A function of real numbers; null where it has no finite value."""

    def rule(tree: exp.Expr, compile_: Compile) -> Node:
        node = numeric(tree.this, compile_(tree.this), name).cast(FLOAT)
        return finite(made_of(apply(node.polars), FLOAT, [node]))

    return rule


def _textual(name: str, apply: Callable[[pl.Expr], pl.Expr], result: FieldType) -> Rule:
    def rule(tree: exp.Expr, compile_: Compile) -> Node:
        node = text(tree.this, compile_(tree.this), name)
        return made_of(apply(node.polars), result, [node])

    return rule


def _concat(tree: exp.Expr, compile_: Compile) -> Node:
    """CONCAT leaves nulls out."""
    parts = [compile_(part).cast(STRING) for part in tree.expressions]
    joined = pl.concat_str([part.polars for part in parts], ignore_nulls=True)
    return made_of(joined, STRING, parts)


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
    polars = node.polars
    if node.type is FLOAT and to is INT:
        polars = polars.round(0, mode="half_to_even")
    return made_of(polars.cast(to.dtype, strict=False), to, [node])


def _one(rule: Rule) -> tuple[Rule, frozenset[str]]:
    return rule, frozenset({"this"})


RULES: dict[type[exp.Expr], tuple[Rule, frozenset[str]]] = {
    exp.Abs: _one(_abs),
    exp.Round: (_round, frozenset({"this", "decimals"})),
    exp.Floor: _one(_whole("FLOOR", pl.Expr.floor)),
    exp.Ceil: _one(_whole("CEIL", pl.Expr.ceil)),
    exp.Sqrt: _one(_real("SQRT", pl.Expr.sqrt)),
    exp.Ln: _one(_real("LN", pl.Expr.log)),
    exp.Exp: _one(_real("EXP", pl.Expr.exp)),
    exp.Lower: _one(_textual("LOWER", lambda x: x.str.to_lowercase(), STRING)),
    exp.Upper: _one(_textual("UPPER", lambda x: x.str.to_uppercase(), STRING)),
    exp.Length: _one(_textual("LENGTH", lambda x: x.str.len_chars().cast(pl.Int64), INT)),
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
