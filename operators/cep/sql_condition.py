"""SQL conditions taken apart: what the event alone decides, and what needs the run."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from sqlglot import exp

from operators.cep.layout import EventLayout
from operators.cep.program import Accumulator
from operators.cep.run_expression import Evaluate, evaluator
from operators.cep.run_values import Read, accumulator
from tidegauge.expressions.compiled import Columns
from tidegauge.expressions.parsing import canonical
from tidegauge.fieldtypes import FieldType
from tidegauge.patterns.run_scope import CALLS, RunScope


@dataclass(frozen=True, slots=True)
class Parts:
    """`event` must hold for the condition to hold, and `run`, too; None where there is nothing."""

    event: int | None
    run: Evaluate | None


class RunValues:
    """Aggregates over what the runs of one pattern took, each kept up once.

    Args:
        columns: columns of the events.
        steps: names of the pattern's steps.
        layout: where arguments of aggregates are computed.
    """

    def __init__(self, columns: Columns, steps: Collection[str], layout: EventLayout) -> None:
        self._scope = RunScope(columns, steps)
        self._layout = layout
        self._known: dict[str, tuple[int, Read]] = {}
        self.accumulators: list[Accumulator] = []

    def condition(self, sql: str) -> Parts:
        """Compile a condition.

        Raises:
            ExpressionError: it is none.
        """
        parts = list(conjuncts(self._scope.condition(sql)))
        alone = [part for part in parts if not has_call(part)]
        joined = [part for part in parts if has_call(part)]
        event = None
        if alone:
            both = _all(alone)
            event = self._layout.predicate(canonical(both), self._scope.scalar(both))
        return Parts(event, evaluator(_all(joined), self._leaf) if joined else None)

    def expression(self, sql: str) -> tuple[Evaluate, FieldType]:
        """Compile an expression over aggregates alone, as a match's measures are.

        Raises:
            ExpressionError: it is none, or has a column that belongs to no step.
        """
        tree, kind = self._scope.measure(sql)
        return evaluator(tree, self._leaf), kind

    def _leaf(self, tree: exp.Expr) -> Evaluate | None:
        if type(tree) in CALLS:
            number, read = self._value(tree)
            return lambda _row, memo: read(memo[number])
        if isinstance(tree, exp.Null | exp.Boolean | exp.Literal):
            value = _constant(tree)
            return lambda _row, _memo: value
        if has_call(tree) or tree.find(exp.Column) is None:
            return None
        slot = self._layout.value(canonical(tree), self._scope.scalar(tree))
        return lambda row, _memo: row[slot]

    def _value(self, call: exp.Expr) -> tuple[int, Read]:
        key = canonical(call)
        known = self._known.get(key)
        if known is None:
            step, argument = self._scope.call(call)
            slot = None
            if argument is not None:
                slot = self._layout.value(canonical(argument), self._scope.scalar(argument))
            kept, read = accumulator(CALLS[type(call)], step, slot)
            known = self._known[key] = (len(self.accumulators), read)
            self.accumulators.append(kept)
        return known


def _constant(tree: exp.Null | exp.Boolean | exp.Literal) -> object:
    if isinstance(tree, exp.Null):
        return None
    if isinstance(tree, exp.Boolean):
        return bool(tree.this)
    text = str(tree.this)
    if tree.is_string:
        return text
    return int(text) if text.isdigit() else float(text)


def conjuncts(tree: exp.Expr) -> Iterator[exp.Expr]:
    """What must all hold: the parts between the outermost `AND`s."""
    tree = tree.unnest()
    if isinstance(tree, exp.And):
        yield from conjuncts(tree.this)
        yield from conjuncts(tree.expression)
    else:
        yield tree


def _all(parts: list[exp.Expr]) -> exp.Expr:
    whole = parts[0]
    for part in parts[1:]:
        whole = exp.And(this=exp.paren(whole), expression=exp.paren(part))
    return whole


def has_call(tree: exp.Expr) -> bool:
    """Whether an expression asks about what was taken before."""
    return any(type(node) in CALLS for node in tree.walk())
