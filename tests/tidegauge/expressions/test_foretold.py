import pytest
from sqlglot import exp

from tidegauge.durations import UNITS_NS
from tidegauge.expressions.compiled import ExpressionError
from tidegauge.expressions.foretold import Foretold, forecast_calls, parse_foretold

HOUR = UNITS_NS["h"]


@pytest.mark.parametrize(
    ("text", "columns", "foretold"),
    [
        ("forecast(spend.amount, 4h) > 1", ["expected"], [Foretold("spend.amount", 4 * HOUR)]),
        ("1 < FORECAST ( spend.amount , 4h )", ["expected"], [Foretold("spend.amount", 4 * HOUR)]),
        ("forecast(spend.amount, '4h') > 1", ["expected"], [Foretold("spend.amount", 4 * HOUR)]),
        (
            "forecast_upper(a.b, 1h30m) - forecast_lower(a.b, 90m) > 1",
            ["lower", "upper"],
            [Foretold("a.b", 3 * HOUR // 2)],
        ),
        ('forecast(a."b c", 1h) > 1', ["expected"], [Foretold("a.b c", HOUR)]),
        ("predict(risk) > 0.8", ["value"], [Foretold("risk", 0)]),
        ("a.b = 'predict(x), 4h)' OR a.b > 1", ["b"], []),
    ],
)
def test_what_is_foretold_becomes_columns(
    text: str, columns: list[str], foretold: list[Foretold]
) -> None:
    tree, found = parse_foretold(text)
    assert sorted({column.name for column in tree.find_all(exp.Column)}) == columns
    assert list(found.values()) == foretold
    assert forecast_calls(text) == [each for each in foretold if each.lead_ns]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("forecast(amount, 4h) > 1", "takes a field of a window and how far ahead"),
        ("forecast(spend.amount) > 1", "takes a field of a window and how far ahead"),
        ("forecast(spend.amount, 4) > 1", "'4' is no duration"),
        ("forecast(spend.amount, 0s) > 1", "at most 3650d"),
        ("predict(a.b) > 1", "takes the name of one prediction"),
        ("predict() > 1", "takes the name of one prediction"),
    ],
)
def test_other_forms_are_told(text: str, message: str) -> None:
    with pytest.raises(ExpressionError, match=message):
        parse_foretold(text)
    assert forecast_calls(text) == []
