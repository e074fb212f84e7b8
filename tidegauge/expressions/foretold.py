"""`forecast(window.field, 4h)` and `predict(name)` in conditions."""

import re
from dataclasses import dataclass

from sqlglot import exp

from tidegauge.durations import LONGEST_NS, format_duration_ns, parse_duration_ns
from tidegauge.expressions.compiled import ExpressionError
from tidegauge.expressions.parsing import parse, snippet

FORECAST_COLUMNS = {
    "forecast": "expected",
    "forecast_lower": "lower",
    "forecast_upper": "upper",
}
"""What each function gives: a field of the forecast."""
PREDICT = "predict"
_PREDICT = "predicted_by"
"""Stands for `predict`, which SQL has for something else."""
_FORECAST_FORM = "forecast(window.field, 4h) takes a field of a window and how far ahead"
_PREDICT_FORM = "predict(name) takes the name of one prediction"
_PLAIN = re.compile(
    r"""'[^']*'|"[^"]*"|(?P<predict>\bpredict)(?=\s*\()|(?<=,)(?P<duration>\s*\d+[a-z][0-9a-z]*)(?=\s*\))""",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Foretold:
    """Something that is not measured.

    Attributes:
        about: `window.field` of a forecast, or the name of a prediction.
        lead_ns: how far ahead a forecast looks; 0 for a prediction.
    """

    about: str
    lead_ns: int

    @property
    def table(self) -> str:
        """What stands for it as the table of columns."""
        return f"{self.about}\n{self.lead_ns}"

    @property
    def words(self) -> str:
        """As it is written."""
        if not self.lead_ns:
            return f"predict({self.about})"
        return f"forecast({self.about}, {format_duration_ns(self.lead_ns)})"


def parse_foretold(text: str) -> tuple[exp.Expr, dict[str, Foretold]]:
    """Syntax tree of a condition, with columns in the place of what is foretold.

    `forecast(spend.amount, 4h)` becomes the column `expected`, `predict(risk)` the column `value`;
    the table of each is `Foretold.table`.

    Returns:
        the tree, and what is foretold by the tables in it.

    Raises:
        ExpressionError: it cannot be read.
    """
    tree = parse(_PLAIN.sub(_readable, text))
    found: dict[str, Foretold] = {}
    for call in list(tree.find_all(exp.Anonymous)):
        name = str(call.this).lower()
        if name in FORECAST_COLUMNS:
            foretold, column = _forecast(call), FORECAST_COLUMNS[name]
        elif name == _PREDICT:
            foretold, column = _prediction(call), "value"
        else:
            continue
        found[foretold.table] = foretold
        standing = exp.column(column, table=foretold.table, quoted=True)
        tree = standing if call is tree else _replaced(tree, call, standing)
    return tree, found


def forecast_calls(text: str) -> list[Foretold]:
    """The forecasts that a condition asks for; none where it cannot be read."""
    try:
        found = parse_foretold(text)[1] if "forecast" in text.lower() else {}
    except ExpressionError:
        return []
    return [each for each in found.values() if each.lead_ns]


def _readable(found: re.Match[str]) -> str:
    if found["predict"]:
        return _PREDICT
    return f"'{found['duration'].strip()}'" if found["duration"] else found[0]


def _replaced(tree: exp.Expr, call: exp.Expr, standing: exp.Expr) -> exp.Expr:
    call.replace(standing)
    return tree


def _forecast(call: exp.Anonymous) -> Foretold:
    arguments = call.expressions
    field, lead = arguments if len(arguments) == 2 else (None, None)
    if not isinstance(field, exp.Column) or not field.table or not isinstance(lead, exp.Literal):
        raise ExpressionError(f"{snippet(call)}: {_FORECAST_FORM}")
    try:
        lead_ns = parse_duration_ns(lead.this)
    except ValueError as error:
        raise ExpressionError(f"{snippet(call)}: {error}") from None
    if not 0 < lead_ns <= LONGEST_NS:
        raise ExpressionError(f"{snippet(call)}: {_FORECAST_FORM}, at most 3650d")
    return Foretold(f"{field.table}.{field.name}", lead_ns)


def _prediction(call: exp.Anonymous) -> Foretold:
    argument = call.expressions[0] if len(call.expressions) == 1 else None
    if not isinstance(argument, exp.Column) or argument.table:
        raise ExpressionError(_PREDICT_FORM)
    return Foretold(argument.name, 0)
