"""What a match says of its events: `COUNT(small)`, `large.amount - AVG(small.amount)`."""

from collections.abc import Mapping
from typing import Any

from operators.cep.buffer import Path
from operators.cep.layout import EventLayout
from operators.cep.program import accumulate
from operators.cep.sql_condition import RunValues
from tidegauge.expressions.compiled import Columns, ExpressionError
from tidegauge.fieldtypes import FieldType
from tidegauge.patterns.checks import PatternError
from tidegauge.patterns.pattern import Pattern, step_names


class Measures:
    """SQL expressions over the events of a match.

    `step.column` outside an aggregate is that of the step's last event. What the expressions need
    is kept with the events, so they are made before the first batch.

    Args:
        pattern: whose matches.
        expressions: SQL by name.
        columns: columns of the events and their types.
        layout: the matcher's.

    Raises:
        PatternError: an expression cannot be compiled.
    """

    def __init__(
        self,
        pattern: Pattern,
        expressions: Mapping[str, str],
        columns: Columns,
        layout: EventLayout,
    ) -> None:
        values = RunValues(columns, step_names(pattern), layout)
        self._evaluate = {}
        self.types: dict[str, FieldType] = {}
        for name, sql in expressions.items():
            try:
                self._evaluate[name], self.types[name] = values.expression(sql)
            except ExpressionError as error:
                raise PatternError(f"{pattern.name}: measure {name}: {error}") from None
        self._accumulators = values.accumulators

    def of(self, path: Path) -> dict[str, Any]:
        """Values for a match, by name; null where a step took nothing."""
        memo = accumulate(self._accumulators, path)
        return {name: evaluate((), memo) for name, evaluate in self._evaluate.items()}
