"""SQL over the columns of one row, compiled to a Polars expression that runs on a whole frame.

An allow-list of syntax is compiled, nothing is ever evaluated. Nulls as in SQL: arithmetic and
comparison with null give null, AND and OR are three-valued. `/` is always a float division, and
what has no finite value (division by zero, LN(0), SQRT(-1), a text such as 'NaN') is null, also
within a larger expression. Ints have 64 bits.
"""

import re
from collections.abc import Sequence
from typing import ClassVar

import polars as pl
from sqlglot import exp

from tidegauge.expressions import comparison, functions, matching, operators, rows
from tidegauge.expressions.cache import cached
from tidegauge.expressions.calls import function_name, is_call
from tidegauge.expressions.compiled import Columns, ExpressionError, Scalar, UntypedColumnError
from tidegauge.expressions.names import UnknownName
from tidegauge.expressions.nodes import Node, Rule, finite, kind_name
from tidegauge.expressions.parsing import DIALECT, parse, snippet, written_name
from tidegauge.fieldtypes import FieldType

_RULES: dict[type[exp.Expr], tuple[Rule, frozenset[str]]] = {
    **operators.RULES,
    **comparison.RULES,
    **matching.RULES,
    **functions.RULES,
}
_PASSING = frozenset({exp.Paren, exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.Neg, exp.Abs})
"""What is not finite where a part is not: there it is enough to look at the result."""


@cached
def compile_scalar(sql: str, columns: Columns) -> Scalar:
    """Compile an expression over `columns`.

    An expression without columns has a literal's shape: use it with `with_columns` or `filter`.

    Raises:
        ExpressionError: the text is no such expression, or its types do not fit.
    """
    tree = parse(sql)
    return scalar_of(tree, sql, columns)


def compile_predicate(sql: str, columns: Columns) -> Scalar:
    """Compile a condition: an expression whose type is bool.

    Raises:
        ExpressionError: as for `compile_scalar`, or the expression is no condition.
    """
    scalar = compile_scalar(sql, columns)
    if scalar.type is not FieldType.BOOL:
        raise ExpressionError(
            f"this is {kind_name(scalar.type)}, not a condition: compare it with something"
        )
    return scalar


def scalar_of(tree: exp.Expr, sql: str, columns: Columns) -> Scalar:
    """Compile a syntax tree over `columns`; as `compile_scalar`."""
    polars, kind = settled(Compiler(columns).compile(tree), tree, columns)
    used = frozenset(str(column.this.this) for column in tree.find_all(exp.Column))
    return Scalar(sql, polars, kind, used)


def settled(node: Node, tree: exp.Expr, columns: Columns) -> tuple[pl.Expr, FieldType]:
    """The root of an expression: it has a type, and a computed float is finite or null."""
    if node.type is None:
        for column in tree.find_all(exp.Column):
            if columns.get(column.name, FieldType.INT) is None:
                raise UntypedColumnError(column.name)
        raise ExpressionError(f"{snippet(tree)} is always NULL")
    return finite(node).polars, node.type


class Compiler:
    """Compiles syntax trees over known columns."""

    functions: ClassVar[Sequence[str]] = functions.NAMES
    """Names that a message about an unknown function lists."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns

    def compile(self, tree: exp.Expr) -> Node:
        """The tree as a Polars expression with its type."""
        if not isinstance(tree, exp.Expr):  # sqlglot reads "FLOOR(" as a call without argument
            raise ExpressionError("an argument is missing")
        if isinstance(tree, exp.Column):
            return self.column(tree)
        rule = _RULES.get(type(tree))
        if rule is None:
            raise self.refusal(tree)
        compile_, understood = rule
        given = {name for name, value in tree.args.items() if value not in (None, False, [])}
        if not given <= understood:
            raise ExpressionError(f"{snippet(tree)}: this form of it is not available")
        return compile_(tree, self.compile if type(tree) in _PASSING else self._finite)

    def _finite(self, tree: exp.Expr) -> Node:
        return finite(self.compile(tree))

    def column(self, tree: exp.Column) -> Node:
        """A column by its bare name."""
        name = str(tree.this.this)
        if tree.args.get("table") or isinstance(tree.this, exp.Star):
            raise ExpressionError(
                f"{snippet(tree)}: write the bare name of one column "
                '(in double quotes, "a.b", if there is a dot in it)'
            )
        if name not in self._columns:
            raise UnknownName("column", name, self._columns)
        if name == "*" or (name.startswith("^") and name.endswith("$")):
            raise ExpressionError(
                f"a column cannot be called {name!r}: Polars takes it for a pattern"
            )
        return Node(pl.col(name), self._columns[name], rows.column(name))

    def refusal(self, tree: exp.Expr) -> ExpressionError:
        """What to say of syntax that is not allowed."""
        if is_call(tree):
            return ExpressionError(
                f"{function_name(tree)} is an aggregate: it belongs in the select of a window"
            )
        name = ""
        if isinstance(tree, exp.Anonymous):
            name = str(tree.this)
        elif isinstance(tree, exp.Func):
            bare = tree.sql(dialect=DIALECT).lower()
            if bare in self._columns:
                return ExpressionError(f'write the column in double quotes: "{bare}"')
            # SQL that is made again calls some otherwise, and operators such as `~` functions.
            called = _CALL.match(snippet(tree))
            name = written_name(tree) or (called[1] if called else "")
        if not name:
            return ExpressionError(f"{snippet(tree)} is not allowed here: {ALLOWED}")
        return UnknownName("function", name.upper(), self.functions)


_CALL = re.compile(r"(\w+)\(")
ALLOWED = "write columns, numbers, 'texts', operators, CASE, CAST and functions of one row"
