"""A compiled part of an expression, and how its type is brought to the one that is needed."""

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite

import polars as pl
from sqlglot import exp

from tidegauge.expressions import rows
from tidegauge.expressions.compiled import ExpressionError
from tidegauge.expressions.parsing import snippet
from tidegauge.fieldtypes import FieldType

MAX_WEIGHT = 5_000
"""Polars nodes of one expression: some SQL needs an argument more than once."""


@dataclass(frozen=True, slots=True)
class Node:
    """A Polars expression, its type (None: the literal NULL) and how many nodes it has.

    `row` is the same for one row in Python. A `constant` was made of literals only, and is one. A
    float that is not `finite` may be infinite or undefined, which stands for null.
    """

    polars: pl.Expr
    type: FieldType | None
    row: rows.Row
    weight: int = 1
    constant: bool = False
    finite: bool = True

    def cast(self, to: FieldType) -> "Node":
        """The same value as another type."""
        if self.type is to:
            return self
        if self.type is None:
            return made_of(self.polars.cast(to.dtype), to, rows.constant(None), [self])
        made = self.polars.cast(to.dtype)
        return made_of(made, to, rows.strict(_converter(self.type, to), self.row), [self])


Compile = Callable[[exp.Expr], Node]
"""Compiles a child."""
Rule = Callable[[exp.Expr, Compile], Node]
"""Compiles one type of node of the syntax tree."""


def made_of(
    polars: pl.Expr,
    kind: FieldType | None,
    row: rows.Row,
    parts: list[Node],
    *,
    times: int = 1,
    finite: bool = True,
) -> Node:
    """A node over `parts`, each of which occurs in it `times` times.

    Args:
        polars: its value.
        kind: its type.
        row: its value for one row.
        parts: what it is made of.
        times: how often each of them is named in `polars`.
        finite: whether finite parts make it finite.
    """
    weight = 1 + times * sum(part.weight for part in parts)
    if weight > MAX_WEIGHT:
        raise ExpressionError("too complex: split it with `derive`")
    if not all(part.constant for part in parts):
        return Node(polars, kind, row, weight, finite=finite)
    value = pl.select(polars).item()
    literal = pl.lit(value, dtype=kind.dtype if kind else None)
    return Node(literal, kind, rows.constant(value), constant=True, finite=finite)


def kind_name(kind: FieldType | None) -> str:
    """A type as a message names it."""
    names = {FieldType.INT: "an int", FieldType.FLOAT: "a float", FieldType.BOOL: "a bool"}
    return "NULL" if kind is None else names.get(kind, "a string")


def numeric(tree: exp.Expr, node: Node, user: str) -> Node:
    """The node as int or float; a bool becomes 0 or 1.

    Raises:
        ExpressionError: it is a string.
    """
    if node.type is FieldType.STRING:
        raise ExpressionError(f"{user} needs numbers, but {snippet(tree)} is a string")
    return node if node.type in (FieldType.INT, FieldType.FLOAT) else node.cast(FieldType.INT)


def condition(tree: exp.Expr, node: Node, user: str) -> Node:
    """The node as a truth value.

    Raises:
        ExpressionError: it is none.
    """
    if node.type not in (FieldType.BOOL, None):
        raise ExpressionError(
            f"{user} needs a condition, but {snippet(tree)} is {kind_name(node.type)}: "
            "compare it with something"
        )
    return node.cast(FieldType.BOOL)


def text(tree: exp.Expr, node: Node, user: str) -> Node:
    """The node as a string.

    Raises:
        ExpressionError: it is something else.
    """
    if node.type not in (FieldType.STRING, None):
        raise ExpressionError(
            f"{user} needs a string, but {snippet(tree)} is {kind_name(node.type)}: "
            "use CAST(… AS VARCHAR)"
        )
    return node.cast(FieldType.STRING)


def common_type(trees: list[exp.Expr], nodes: list[Node], user: str) -> FieldType | None:
    """The narrowest type that all the nodes fit into; None when all of them are NULL.

    Raises:
        ExpressionError: strings are mixed with other types.
    """
    kinds = {node.type for node in nodes if node.type is not None}
    if FieldType.STRING in kinds and len(kinds) > 1:
        odd = next(i for i, node in enumerate(nodes) if node.type is FieldType.STRING)
        other = next(i for i, node in enumerate(nodes) if node.type not in (FieldType.STRING, None))
        raise ExpressionError(
            f"{user}: {snippet(trees[odd])} is a string and {snippet(trees[other])} is "
            f"{kind_name(nodes[other].type)}; both must be strings or both numbers"
        )
    for kind in (FieldType.FLOAT, FieldType.INT, FieldType.BOOL, FieldType.STRING):
        if kind in kinds:
            return kind
    return None


def unified(trees: list[exp.Expr], nodes: list[Node], user: str) -> list[Node]:
    """The nodes cast to their common type; left as they are when all of them are NULL."""
    kind = common_type(trees, nodes, user)
    return nodes if kind is None else [node.cast(kind) for node in nodes]


def finite(node: Node) -> Node:
    """The node, null where it is infinite or undefined."""
    if node.finite or node.type is not FieldType.FLOAT:
        return node
    polars = pl.when(node.polars.is_finite()).then(node.polars)
    row = rows.strict(lambda value: value if isfinite(value) else None, node.row)
    return made_of(polars, FieldType.FLOAT, row, [node], times=2)


def _converter(source: FieldType, target: FieldType) -> Callable[..., object]:
    """How one row's value becomes another type, where that is always possible."""
    if target is FieldType.FLOAT and source is not FieldType.STRING:
        return float
    if target is FieldType.INT and source is FieldType.BOOL:
        return int
    if target is FieldType.BOOL and source is not FieldType.STRING:
        return bool
    if target is FieldType.STRING and source is FieldType.INT:
        return str
    return rows.by_series(source.dtype, target.dtype)
