"""Mistakes in forecasts, predictions and conditions on them."""

from pathlib import Path

import pytest

from tidegauge.spec.loader import parse_pipeline
from tidegauge.spec.mistakes import Mistakes

GOOD = """\
version: 1
pipeline: payments
sources:
  payments:
    kafka: {topic: payments}
    event_time: {field: ts}
    fields: {amount: {}, region: {type: string}}
windows:
  spend:
    from: payments
    tumbling: {size: 10s}
    by: [region]
    select: {count: count(*), amount: avg(amount), last: last(region)}
  visits:
    from: payments
    session: {gap: 1m}
    by: [region]
    select: {count: count(*)}
forecasts:
  ahead: {on: spend.amount, horizon: 4h}
predictions:
  risk: {on: spend, model: risk.onnx, inputs: [count, amount]}
alerts:
  soon: {when: "forecast(spend.amount, 4h) > 100"}
  risky: {when: "predict(risk) > 0.8", clear: "predict(risk) < 0.5", where: "region <> 'lab'"}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "risk.onnx").touch()
    return tmp_path


def mistakes(text: str, folder: Path) -> list[str]:
    with pytest.raises(Mistakes) as found:
        parse_pipeline(text, "f", folder, {})
    return str(found.value).replace("f:", "").splitlines()


def test_the_file_is_accepted_as_it_is(folder: Path) -> None:
    parse_pipeline(GOOD, "f", folder, {})


@pytest.mark.parametrize(
    ("old", "new", "mistake"),
    [
        (
            "on: spend.amount",
            "on: spend.amont",
            (
                "20: forecasts.ahead.on: unknown field 'amont' (did you mean amount?); allowed:"
                " amount, count, last"
            ),
        ),
        (
            "on: spend.amount, horizon: 4h",
            "on: spend.last, horizon: 4h",
            "20: forecasts.ahead.on: spend.last is a string; allowed: amount, count",
        ),
        (
            "on: spend.amount, horizon: 4h",
            "on: visits.count, horizon: 4h",
            "20: forecasts.ahead.on: only fields of tumbling and sliding windows can be forecast",
        ),
        (
            "horizon: 4h",
            "horizon: 4h, season: 25s",
            "20: forecasts.ahead.season: 25s is no multiple of 10s, the distance of results",
        ),
        (
            "horizon: 4h",
            "horizon: 4h, season: 10m",
            (
                "20: forecasts.ahead.season: 10m cannot be cut into 4 to 168 equal parts of whole"
                " results, of which at most 12 reach the horizon 4h; leave it out, or take another"
                " season or horizon"
            ),
        ),
        (
            "horizon: 4h",
            "horizon: 4h, band: 95",
            "20: forecasts.ahead.band: 95 is not allowed; allowed: at most 0.999",
        ),
        (
            "horizon: 4h",
            "horizon: 1h",
            (
                "24: alerts.soon.when: forecasts.ahead has the horizon 1h: give it 4h, or look"
                " less far ahead"
            ),
        ),
        (
            "ahead: {",
            "spend: {",
            "20: forecasts.spend: something else is called spend, too; take another name",
        ),
        (
            "forecast(spend.amount, 4h)",
            "forecast(visits.count, 4h)",
            (
                "24: alerts.soon.when: forecast(visits.count, 4h): only fields of tumbling and"
                " sliding windows can be forecast"
            ),
        ),
        (
            "forecast(spend.amount, 4h)",
            "forecast(spend.count, 5s)",
            (
                "24: alerts.soon.when: forecast(spend.count, 5s): 5s is too short: at least 10s,"
                " the distance of the window's results"
            ),
        ),
        (
            "forecast(spend.amount, 4h)",
            "forecast(spend.last, 4h)",
            "24: alerts.soon.when: spend.last is a string; allowed: amount, count",
        ),
        (
            "predict(risk) < 0.5",
            "predict(rsk) < 0.5",
            "25: alerts.risky.clear: unknown prediction 'rsk' (did you mean risk?); allowed: risk",
        ),
        (
            "predict(risk) < 0.5",
            "spend.amount < 0.5",
            (
                "25: alerts.risky.clear: it is about spend, but `when` is about risk; allowed: the"
                " same"
            ),
        ),
        (
            "model: risk.onnx",
            "model: rsk.onnx",
            (
                "22: predictions.risk.model: there is no file rsk.onnx; allowed: a path relative"
                " to the pipeline file"
            ),
        ),
        (
            "model: risk.onnx",
            "model: risk.pickle",
            (
                "22: predictions.risk.model: risk.pickle is no model; allowed: a file in the ONNX"
                " format, such as a.onnx"
            ),
        ),
        (
            "inputs: [count, amount]",
            "inputs: {x: [count], y: last}",
            "22: predictions.risk.inputs.y: last is a string; allowed: numbers and truth values",
        ),
        (
            "on: spend, model",
            "on: spent, model",
            (
                "22: predictions.risk.on: unknown window 'spent' (did you mean spend?); allowed:"
                " spend, visits"
            ),
        ),
    ],
)
def test_a_mistake_is_told_with_line_and_key(
    folder: Path, old: str, new: str, mistake: str
) -> None:
    assert old in GOOD
    assert mistakes(GOOD.replace(old, new, 1), folder) == [mistake]


def test_a_clear_condition_looks_as_far_ahead(folder: Path) -> None:
    when = 'when: "forecast(spend.amount, 4h) > 100"'
    clear = f'{when}, clear: "forecast(spend.amount, 1h) < 90"'
    (mistake,) = mistakes(GOOD.replace(when, clear), folder)
    assert mistake == (
        "24: alerts.soon.clear: it looks less or further ahead than `when`; allowed: the same"
    )
