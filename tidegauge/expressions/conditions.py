"""Conditions of alerts: `spend.failure_rate > 0.05`, `payments.amount > 5000`, `anomaly(name)`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sqlglot import exp

from tidegauge.durations import format_duration_ns
from tidegauge.expressions.compiled import Columns, ExpressionError, Scalar
from tidegauge.expressions.foretold import Foretold, parse_foretold
from tidegauge.expressions.names import UnknownName
from tidegauge.expressions.nodes import kind_name
from tidegauge.expressions.parsing import snippet
from tidegauge.expressions.scalars import scalar_of
from tidegauge.expressions.targets import TargetKind, target_columns
from tidegauge.fieldtypes import FieldType
from tidegauge.forecasts import GridError, all_forecasts, grid_of
from tidegauge.spec.models import Forecast, Pipeline

FORMS = (
    "write window.field > number, source.field > number, forecast(window.field, 4h) > number,"
    " predict(name) > number, anomaly(name), match(name) or timeout(name)"
)
_CALLS: dict[str, TargetKind] = {"anomaly": "anomaly", "match": "match", "timeout": "timeout"}
"""What holds by being found, as it is written: a call with its name."""
_CALL = re.compile(rf"\s*(?P<kind>{'|'.join(_CALLS)})\s*\(", re.IGNORECASE)
_ARGUMENT = re.compile(r'\s*"?(?P<name>\w+)"?\s*\)\s*')


@dataclass(frozen=True, slots=True)
class Condition:
    """A compiled condition.

    `test` is a condition over the bare column names of `target` (a window, source, anomaly or
    pattern); None for what holds by being found: an anomaly, a match, a timeout. `value` names the
    column that is the value of the alert: the first number named, `value` for an anomaly, `events`
    for a match or timeout, None if no number is named. `lead_ns` is how far ahead a forecast is
    looked at, 0 for what is no forecast.
    """

    kind: TargetKind
    target: str
    test: Scalar | None
    value: str | None
    lead_ns: int = 0


@dataclass(frozen=True, slots=True)
class Reference:
    """What a condition is about, before its columns are looked up."""

    kind: TargetKind
    target: str
    text: str
    tree: exp.Expr | None
    lead_ns: int = 0


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
    found = _found(text)
    if found is not None:
        return _found_reference(*found, text, pipeline)
    tree, foretold = parse_foretold(text)
    target = _only_target(tree, foretold)
    if target in foretold:
        return _foretold_reference(foretold[target], text, tree, pipeline)
    if target in pipeline.windows:
        return Reference("window", target, text, tree)
    if target in pipeline.sources:
        return Reference("event", target, text, tree)
    if target in pipeline.anomalies:
        raise ExpressionError(f"{target} is an anomaly: write anomaly({target})")
    if target in pipeline.patterns:
        raise ExpressionError(
            f"{target} is a pattern: write match({target}), and conditions on a match into `where`"
        )
    raise UnknownName("window or source", target, [*pipeline.windows, *pipeline.sources])


def condition_over(reference: Reference, columns: Columns) -> Condition:
    """Compile a condition over the columns of its target.

    Raises:
        ExpressionError: an unknown column, or no condition.
    """
    if reference.tree is None:
        shown = "value" if reference.kind == "anomaly" else "events"
        return Condition(reference.kind, reference.target, None, shown)
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
    return Condition(reference.kind, reference.target, test, value, reference.lead_ns)


def _found(text: str) -> tuple[TargetKind, str] | None:
    """What kind of thing is found, and its name, in `anomaly(name)` and the like."""
    call = _CALL.match(text)
    if call is None:
        return None
    kind = _CALLS[call["kind"].lower()]
    argument = _ARGUMENT.fullmatch(text, call.end())
    if argument is not None:
        return kind, argument["name"]
    if _ARGUMENT.match(text, call.end()):
        raise ExpressionError(f"{kind}(…) stands alone: put further conditions into `where`")
    what = "anomaly" if kind == "anomaly" else "pattern"
    raise ExpressionError(f"{kind}(…) takes the name of one {what}")


def _found_reference(kind: TargetKind, name: str, text: str, pipeline: Pipeline) -> Reference:
    if kind == "anomaly":
        if name not in pipeline.anomalies:
            raise UnknownName("anomaly", name, pipeline.anomalies)
    elif name not in pipeline.patterns:
        raise UnknownName("pattern", name, pipeline.patterns)
    elif kind == "timeout" and not pipeline.patterns[name].timeouts:
        raise ExpressionError(f"timeouts of {name} are not told: add timeouts: true to the pattern")
    return Reference(kind, name, text, None)


def _foretold_reference(
    foretold: Foretold, text: str, tree: exp.Expr, pipeline: Pipeline
) -> Reference:
    if not foretold.lead_ns:
        if foretold.about not in pipeline.predictions:
            raise UnknownName("prediction", foretold.about, pipeline.predictions)
        return Reference("prediction", foretold.about, text, tree)
    return Reference("forecast", _forecast(foretold, pipeline), text, tree, foretold.lead_ns)


def _forecast(foretold: Foretold, pipeline: Pipeline) -> str:
    """The forecast that tells what a condition wants to know."""
    window, _, field = foretold.about.partition(".")
    if window not in pipeline.windows:
        raise UnknownName("window", window, pipeline.windows)
    known = {name: f for name, f in all_forecasts(pipeline).items() if f.on == foretold.about}
    if reaching := [name for name, f in known.items() if f.horizon >= foretold.lead_ns]:
        return reaching[0]
    ahead = format_duration_ns(foretold.lead_ns)
    for name, each in known.items():
        raise ExpressionError(
            f"forecasts.{name} has the horizon {format_duration_ns(each.horizon)}: give it {ahead},"
            " or look less far ahead"
        )
    declared = pipeline.windows[window]
    if field not in declared.select:
        raise UnknownName("field", field, declared.select)
    try:
        grid_of(Forecast.model_validate({"on": foretold.about, "horizon": ahead}), declared)
    except GridError as error:
        raise ExpressionError(f"forecast({foretold.about}, {ahead}): {error}") from None
    raise ExpressionError(f"there is no forecast of {foretold.about}: declare one in `forecasts`")


def _only_target(tree: exp.Expr, foretold: Mapping[str, Foretold]) -> str:
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
        told = [foretold[name].words if name in foretold else name for name in targets]
        raise ExpressionError(
            f"a condition is about one window or source, this one is about {' and '.join(told)}"
        )
    return targets[0]
