"""Conditions of alerts: `spend.failure_rate > 0.05`, `payments.amount > 5000`, `anomaly(name)`."""

from dataclasses import dataclass

from sqlglot import exp

from tidegauge.expressions.compiled import Columns, ExpressionError, Scalar
from tidegauge.expressions.names import UnknownName
from tidegauge.expressions.nodes import kind_name
from tidegauge.expressions.parsing import parse, snippet
from tidegauge.expressions.scalars import scalar_of
from tidegauge.expressions.targets import TargetKind, target_columns
from tidegauge.fieldtypes import FieldType
from tidegauge.spec.models import Pipeline

FORMS = "write window.field > number, source.field > number or anomaly(name)"


@dataclass(frozen=True, slots=True)
class Condition:
    """A compiled condition.

    `test` is a condition over the bare column names of `target` (a window, source or anomaly);
    None for an anomaly, which holds by being found. `value` names the column that is the value
    of the alert: the first number named, `value` for an anomaly, None if no number is named.
    """

    kind: TargetKind
    target: str
    test: Scalar | None
    value: str | None


@dataclass(frozen=True, slots=True)
class Reference:
    """What a condition is about, before its columns are looked up."""

    kind: TargetKind
    target: str
    text: str
    tree: exp.Expr | None


def compile_condition(text: str, pipeline: Pipeline) -> Condition:
    """Compile the `when` or `clear` of an alert.

    Raises:
        ExpressionError: it is no condition, or about something that the pipeline does not have.
    """
    reference = read_condition(text, pipeline)
    columns = target_columns(pipeline, reference.kind, reference.target)
    return condition_over(reference, columns)


def read_condition(text: str, pipeline: Pipeline) -> Reference:
    """Find out what a condition is about; the columns are not looked at yet.

    Raises:
        ExpressionError: it cannot be read, is about two things, or about something unknown.
    """
    tree = parse(text)
    name = _anomaly_name(tree)
    if name is not None:
        if name not in pipeline.anomalies:
            raise UnknownName("anomaly", name, pipeline.anomalies)
        return Reference("anomaly", name, text, None)
    target = _only_target(tree)
    if target in pipeline.windows:
        return Reference("window", target, text, tree)
    if target in pipeline.sources:
        return Reference("event", target, text, tree)
    if target in pipeline.anomalies:
        raise ExpressionError(f"{target} is an anomaly: write anomaly({target})")
    raise UnknownName("window or source", target, [*pipeline.windows, *pipeline.sources])


def condition_over(reference: Reference, columns: Columns) -> Condition:
    """Compile a condition over the columns of its target.

    Raises:
        ExpressionError: an unknown column, or no condition.
    """
    if reference.tree is None:
        return Condition(reference.kind, reference.target, None, "value")
    bare = reference.tree.copy()
    found = [column for column in bare.dfs() if isinstance(column, exp.Column)]
    for column in found:
        column.set("table", None)
    test = scalar_of(bare, reference.text, columns)
    if test.type is not FieldType.BOOL:
        raise ExpressionError(f"this is {kind_name(test.type)}, not a condition: {FORMS}")
    names = (column.name for column in found)
    numbers = (FieldType.INT, FieldType.FLOAT)
    value = next((name for name in names if columns[name] in numbers), None)
    return Condition(reference.kind, reference.target, test, value)


def _anomaly_name(tree: exp.Expr) -> str | None:
    """The name in `anomaly(name)`."""
    call = next((node for node in tree.find_all(exp.Anonymous) if _is_anomaly(node)), None)
    if call is None:
        return None
    if call is not tree:
        raise ExpressionError(f"{snippet(call)} stands alone: put further conditions into `where`")
    argument = call.expressions[0] if len(call.expressions) == 1 else None
    if not isinstance(argument, exp.Column) or argument.table:
        raise ExpressionError("anomaly(…) takes the name of one anomaly")
    return argument.name


def _is_anomaly(call: exp.Anonymous) -> bool:
    return str(call.this).lower() == "anomaly"


def _only_target(tree: exp.Expr) -> str:
    columns = [node for node in tree.dfs() if isinstance(node, exp.Column)]
    for column in columns:
        if not column.table or column.args.get("db"):
            raise ExpressionError(
                f"{snippet(column)}: say what it belongs to, as in spend.{column.name}; {FORMS}"
            )
    targets = list(dict.fromkeys(column.table for column in columns))
    if not targets:
        raise ExpressionError(f"no field in it: {FORMS}")
    if len(targets) > 1:
        raise ExpressionError(
            f"a condition is about one window or source, this one is about {' and '.join(targets)}"
        )
    return targets[0]
