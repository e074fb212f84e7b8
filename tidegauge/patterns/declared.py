"""Patterns of a pipeline file, compiled."""

from tidegauge.expressions.compiled import Columns
from tidegauge.fieldtypes import FieldType
from tidegauge.patterns.pattern import Pattern, step_names
from tidegauge.patterns.row_pattern import parse_rows
from tidegauge.patterns.run_scope import RunScope
from tidegauge.spec.models import Pattern as Declared


def declared_pattern(name: str, declared: Declared) -> Pattern:
    """The frozen pattern that a pipeline file declares; columns are not looked at.

    Args:
        name: its name in the file.
        declared: what the file says of it.

    Raises:
        PatternError: the row pattern cannot be read, or makes no sense.
    """
    return parse_rows(
        name,
        declared.match,
        declared.define,
        within_ns=declared.within,
        after_match=declared.after_match,
    )


def measure_types(pattern: Pattern, declared: Declared, columns: Columns) -> dict[str, FieldType]:
    """Types of a pattern's measures, by name.

    Raises:
        ExpressionError: a measure cannot be compiled; not in a checked file.
    """
    scope = RunScope(columns, step_names(pattern))
    return {name: scope.measure(one.expr)[1] for name, one in declared.measures.items()}
