from pathlib import Path
from typing import Any

import polars as pl
import pytest

from operators.predictions.plan import plan_predictions
from operators.predictions.scoring import predictions
from tests.operators.forecasts.timelines import pipeline, records
from tests.operators.predictions.models import added, weighted
from tidegauge.catalogue import catalogue_of
from tidegauge.errors import UserMistake
from tidegauge.records import RecordBatch
from tidegauge.spec.models import Pipeline, Prediction

ROWS = records(3)


def predicting(**declared: dict[str, Any]) -> Pipeline:
    models = {name: Prediction.model_validate(each) for name, each in declared.items()}
    return pipeline({}).model_copy(update={"predictions": models})


def test_each_first_result_is_scored_at_its_time(tmp_path: Path) -> None:
    weighted(tmp_path / "m.onnx", [[0.1], [0.0]])
    declared = predicting(risk={"on": "spend", "model": "m.onnx", "inputs": ["count", "amount"]})
    plans = plan_predictions(declared, tmp_path)
    spoilt = ROWS.with_columns(pl.lit(None, pl.Float64).alias("amount"), pl.col("time_ns") + 1)
    corrected = ROWS.with_columns(pl.lit(1).alias("revision"))
    given = pl.concat([ROWS, spoilt.select(ROWS.columns), corrected])
    (found,) = predictions(RecordBatch("spend", given), plans, 7)
    signal = catalogue_of(declared)["risk"]
    assert found.signal == "risk"
    assert set(found.frame.columns) == {"time_ns", *(column.name for column in signal.columns)}
    assert found.frame.select("time_ns", "region").equals(ROWS.select("time_ns", "region"))
    assert predictions(RecordBatch("others", given), plans, 7) == []


def test_every_model_that_does_not_fit_is_told_with_its_name(tmp_path: Path) -> None:
    added(tmp_path / "m.onnx")
    (tmp_path / "n.onnx").write_bytes(b"")
    declared = predicting(
        one={"on": "spend", "model": "m.onnx", "inputs": ["amount"], "output": "sum"},
        two={"on": "spend", "model": "n.onnx", "inputs": ["amount"]},
    )
    with pytest.raises(UserMistake) as found:
        plan_predictions(declared, tmp_path)
    one, two = str(found.value).splitlines()
    assert one.startswith("predictions.one: model ")
    assert "its inputs are a, b; give fields for each, as a mapping" in one
    assert two.startswith("predictions.two: model ")
