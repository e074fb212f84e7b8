"""SQL conditions taken apart: what the event alone decides, and what needs the run."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from operators.cep.layout import EventLayout
from operators.cep.program import Accumulator
from operators.cep.run_values import Read, accumulator
from tidegauge.expressions.compiled import Columns, Scalar
from tidegauge.expressions.parsing import canonical
from tidegauge.expressions.rows import Row
from tidegauge.fieldtypes import FieldType
from tidegauge.patterns.run_scope import RunScope, Taken, has_call


@dataclass(frozen=True, slots=True)
class Parts:
    """`event` must hold for the condition to hold, and `run`, too; None where there is nothing.

    `asks`: the numbers of the accumulators that `run` reads.
    """

    event: int | None
    run: Row | None
    asks: frozenset[int] = frozenset()


class RunValues:
    """Aggregates over what the runs of one pattern took, each kept up once.

    Args:
        columns: columns of the events.
        steps: names of the pattern's steps.
        layout: where arguments of aggregates are computed.
    """

    def __init__(self, columns: Columns, steps: Collection[str], layout: EventLayout) -> None:
        self._scope = RunScope(columns, steps, self)
        self._checked = RunScope(columns, steps)
        self._layout = layout
        self._known: dict[tuple[str, str, str | None, int], tuple[int, Read]] = {}
        self.accumulators: list[Accumulator] = []
        self._asked: set[int] = set()

    def condition(self, sql: str) -> Parts:
        """Compile a condition.

        Raises:
            ExpressionError: it is none.
        """
        parts = list(conjuncts(self._checked.condition(sql)))
        alone = [part for part in parts if not has_call(part)]
        joined = [part for part in parts if has_call(part)]
        event = None
        if alone:
            both = _all(alone)
            event = self._layout.predicate(canonical(both), self._scope.scalar(both))
        self._asked = set()
        run = self._scope.evaluated(_all(joined))[0] if joined else None
        return Parts(event, run, frozenset(self._asked))

    def expression(self, sql: str) -> tuple[Row, FieldType]:
        """Compile an expression over aggregates alone, as a match's measures are.

        Raises:
            ExpressionError: it is none, or has a column that belongs to no step.
        """
        tree, _ = self._checked.measure(sql)
        return self._scope.evaluated(tree)

    def event(self, scalar: Scalar) -> Row:
        """What the event alone decides: a value of its row."""
        slot = self._layout.value(scalar.sql, scalar)

        def evaluate(row: Sequence[Any], _memo: Sequence[Any]) -> Any:
            return row[slot]

        return evaluate

    def taken(self, call: Taken) -> Row:
        """An aggregate over what the run took: out of its memo."""
        number, read = self._value(call)
        self._asked.add(number)

        def evaluate(_row: Sequence[Any], memo: Sequence[Any]) -> Any:
            return read(memo[number])

        return evaluate

    def _value(self, call: Taken) -> tuple[int, Read]:
        argument = call.argument
        key = (call.function, call.step, argument.sql if argument else None, call.offset)
        known = self._known.get(key)
        if known is None:
            slot = self._layout.value(argument.sql, argument) if argument else None
            kept, read = accumulator(call, slot)
            known = self._known[key] = (len(self.accumulators), read)
            self.accumulators.append(kept)
        return known


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
