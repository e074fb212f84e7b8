"""A machine that gets warmer: foreseen by a forecast, judged by a model, with real servers."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from benchmarks.private_copy import private_copy
from dataflows.checks.selftest import run_file_test
from operators.forecasts.group import ForecastGroup
from operators.forecasts.plan import plan_forecasts
from tests.dataflows.heat import run_over
from tests.operators.predictions.models import weighted
from tests.services.influxdb import InfluxDB
from tests.services.kafka import Kafka
from tidegauge.cli import main
from tidegauge.records import RecordBatch
from tidegauge.spec.loader import load_pipeline

PIPELINE = """\
version: 1
pipeline: foreseen
sources:
  readings:
    kafka: {topic: readings}
    event_time: {field: ts, format: epoch_ms, out_of_orderness: 0s}
    fields: {machine: {type: string}, heat: {type: float}}
windows:
  warmth:
    from: readings
    tumbling: {size: 10s}
    by: [machine]
    select: {heat: avg(heat), readings: count(*)}
forecasts:
  ahead: {on: warmth.heat, horizon: 2m}
predictions:
  hot: {on: warmth, model: hot.onnx, inputs: [heat, readings]}
alerts:
  soon: {when: "forecast(warmth.heat, 1m) > 50", level: 8}
  judged: {when: "predict(hot) > 0.5", level: 8}
output:
  kafka: {}
tests:
  - {events: events.jsonl, expect: {alerts: [soon, judged]}}
"""
BASE_MS = 1_700_000_000_000
WINDOWS = 60


def readings() -> list[bytes]:
    """One machine a degree warmer in each window, from 0; the other as it is."""
    lines = []
    for window in range(WINDOWS + 1):
        for second in (2, 7):
            ts = BASE_MS + window * 10_000 + second * 1_000
            lines += [{"ts": ts, "machine": "m", "heat": window + second / 10}]
            lines += [{"ts": ts, "machine": "n", "heat": 10.0}]
    return [json.dumps(line).encode() for line in lines]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    # The logistic function of the heat above 50: the two readings of a window are the constant.
    weighted(tmp_path / "hot.onnx", [[1.0], [-25.0]])
    (tmp_path / "events.jsonl").write_bytes(b"\n".join(readings()))
    path = tmp_path / "foreseen.yaml"
    path.write_text(PIPELINE)
    return path


def firing(records: list[dict[str, Any]], alert: str) -> list[int]:
    """Windows at whose end an alert began to fire or fires, counted from 1."""
    times = [
        record["time_ns"]
        for record in records
        if record["alert"] == alert and record["state"] == "firing" and record["machine"] == "m"
    ]
    return sorted((time_ns - BASE_MS * 10**6) // (10 * 10**9) for time_ns in times)


def test_what_is_foreseen_and_judged_is_stored_and_alerted(
    file: Path, kafka: Kafka, influxdb: InfluxDB
) -> None:
    with private_copy(file, file.parent, kafka, influxdb) as copy:
        run = run_over(copy, readings())
        stored, scores = copy.records("forecasts"), copy.records("predictions")
        windows = pl.DataFrame(copy.records("warmth")).sort("time_ns")
        plans = plan_forecasts(copy.pipeline)
    # The store holds of each time the newest forecast, as the algorithm alone gives it.
    batches = ForecastGroup(plans, lambda: 0).take([RecordBatch("warmth", windows)])
    made = pl.concat(batch.frame for batch in batches if batch.signal == "ahead")
    newest = made.sort("made_at_ns").unique(["machine", "time_ns"], keep="last")
    columns = ["machine", "time_ns", "expected", "lower", "upper", "made_at_ns", "horizon_ns"]
    found = pl.DataFrame(stored).select(columns).sort("machine", "time_ns")
    assert found.equals(newest.select(columns).sort("machine", "time_ns"))
    sent = run.records("forecast")
    assert len(sent) == made.height
    assert {(each["signal"], each["tags"]["forecast"]) for each in sent} == {("ahead", "ahead")}
    # The mean of the window that ends as the n-th is n - 0.55: above 50 from the 51st on.
    assert firing(run.alerts, "soon")[0] == pytest.approx(51 - 6, abs=2)
    assert firing(run.alerts, "judged") == list(range(51, WINDOWS + 2))
    assert len(scores) == windows.height
    assert len(run.records("prediction")) == windows.height
    announced = {each["tags"]["alert"]: each["fields"]["value"] for each in run.critical}
    assert announced["soon"] > 50
    assert 0.5 < announced["judged"] < 1.0


def test_the_file_tests_itself(file: Path) -> None:
    pipeline = load_pipeline(file)
    assert run_file_test(pipeline, file.parent, pipeline.tests[0]) == []


def test_a_model_that_does_not_fit_is_one_line_before_anything_runs(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weighted(file.parent / "hot.onnx", [[1.0]])
    with pytest.raises(SystemExit) as ended:
        main(["test", str(file)])
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    where = f"predictions.hot: model {file.parent / 'hot.onnx'}: "
    assert line == f"{where}input x has 1 columns, but 2 fields are given: heat, readings"
