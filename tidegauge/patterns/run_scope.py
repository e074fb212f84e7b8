"""What conditions and measures can name: columns of the event, aggregates over taken events."""

from collections.abc import Collection, Iterator

from sqlglot import exp

from tidegauge.expressions.compiled import Columns, ExpressionError, Scalar
from tidegauge.expressions.names import UnknownName
from tidegauge.expressions.nodes import kind_name
from tidegauge.expressions.parsing import canonical, parse, snippet
from tidegauge.expressions.scalars import scalar_of
from tidegauge.fieldtypes import FieldType

CALLS: dict[type[exp.Expr], str] = {
    exp.Count: "COUNT",
    exp.Sum: "SUM",
    exp.Avg: "AVG",
    exp.Min: "MIN",
    exp.Max: "MAX",
    exp.First: "FIRST",
    exp.Last: "LAST",
}
"""Aggregates over what a run took."""


def result_type(name: str, argument: FieldType | None) -> FieldType | None:
    """Type of an aggregate; `argument` is None for COUNT of events.

    Raises:
        ExpressionError: it needs numbers.
    """
    if name == "COUNT":
        return FieldType.INT
    if name in ("SUM", "AVG") and argument is FieldType.STRING:
        raise ExpressionError(f"{name} needs numbers")
    if name == "AVG":
        return FieldType.FLOAT
    if name == "SUM" and argument is FieldType.BOOL:
        return FieldType.INT
    return argument


class RunScope:
    """Names and types of conditions over an event and what a run took before.

    Args:
        columns: columns of the events.
        steps: names of the pattern's steps that take events.
    """

    def __init__(self, columns: Columns, steps: Collection[str]) -> None:
        self._columns = columns
        self._steps = steps

    def condition(self, sql: str) -> exp.Expr:
        """The syntax tree of a condition.

        Raises:
            ExpressionError: it is none.
        """
        tree = parse(sql)
        kind = self._type_of(tree, sql)
        if kind is not FieldType.BOOL:
            raise ExpressionError(
                f"this is {kind_name(kind)}, not a condition: compare it with something"
            )
        return tree

    def measure(self, sql: str) -> tuple[exp.Expr, FieldType]:
        """The syntax tree of an expression over aggregates alone, and its type.

        `step.column` outside an aggregate is `LAST(step.column)`.

        Raises:
            ExpressionError: it is none, or has a column that belongs to no step.
        """
        tree = parse(sql)
        for column in list(tree.find_all(exp.Column)):
            if column.table and not _within_call(column):
                last = exp.Last(this=column.copy())
                tree = last if column is tree else tree
                column.replace(last)
        kind = self._type_of(tree, sql)
        for column in tree.find_all(exp.Column):
            if not _within_call(column):
                raise ExpressionError(
                    f"{snippet(column)} stands outside an aggregate: write step.{column.name}"
                )
        return tree, kind

    def call(self, call: exp.Expr) -> tuple[str, exp.Expr | None]:
        """The step an aggregate is about, and its argument over bare columns; None for events.

        Raises:
            ExpressionError: it is about no step, or about several.
        """
        argument = call.this
        if not isinstance(argument, exp.Expr) or isinstance(argument, exp.Star):
            raise ExpressionError(f"{snippet(call)}: say of which step, as in COUNT(small)")
        if call.expressions:
            raise ExpressionError(f"{snippet(call)}: one argument is allowed")
        columns = list(argument.find_all(exp.Column))
        if isinstance(call, exp.Count) and isinstance(argument, exp.Column):
            whole = argument.table if isinstance(argument.this, exp.Star) else argument.name
            if not argument.table or isinstance(argument.this, exp.Star):
                return self._step(whole), None
        steps = {column.table for column in columns}
        if len(steps) != 1 or "" in steps:
            raise ExpressionError(
                f"{snippet(call)}: every column in it belongs to one step, as in SUM(small.amount)"
            )
        bare = argument.copy()
        for column in bare.find_all(exp.Column):
            column.set("table", None)
        return self._step(steps.pop()), bare

    def scalar(self, tree: exp.Expr) -> Scalar:
        """An expression over the columns of one event, compiled.

        Raises:
            ExpressionError: it is none.
        """
        return scalar_of(tree, canonical(tree), self._columns)

    def _type_of(self, tree: exp.Expr, sql: str) -> FieldType:
        """Types fit, and names exist: aggregates stand for columns of their types."""
        columns = dict(self._columns)

        def plain(node: exp.Expr) -> exp.Expr:
            if type(node) not in CALLS:
                return node
            name = f"{canonical(node)} "
            columns[name] = self._call_type(node)
            return exp.column(name, quoted=True)

        return scalar_of(tree.copy().transform(plain), sql, columns).type

    def _call_type(self, call: exp.Expr) -> FieldType | None:
        _, argument = self.call(call)
        kind = None if argument is None else self.scalar(argument).type
        return result_type(CALLS[type(call)], kind)

    def _step(self, name: str) -> str:
        if name not in self._steps:
            raise UnknownName("step", name, self._steps)
        return name


def _within_call(node: exp.Expr) -> bool:
    return any(type(above) in CALLS for above in _above(node))


def _above(node: exp.Expr) -> Iterator[exp.Expr]:
    parent = node.parent
    while parent is not None:
        yield parent
        parent = parent.parent
