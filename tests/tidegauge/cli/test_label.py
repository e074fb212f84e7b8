"""`tidegauge label`: what it refuses. Labels that count: test_anomalies."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from dataflows.connections.refusals import Refusals
from dataflows.connections.sinks import store_sink
from tests.services.influxdb import InfluxDB
from tidegauge.catalogue import catalogue_of
from tidegauge.cli import main
from tidegauge.cli._stored_anomalies import require_stored
from tidegauge.labels import Label
from tidegauge.records import TIME_NS, RecordBatch
from tidegauge.settings import read_settings
from tidegauge.spec.loader import load_pipeline

FILE = Path(__file__).parents[3] / "pipelines" / "payments.yaml"
PLACE = ["--key", "region=north", "--at", "2026-01-31T12:00:00Z"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "name the anomaly, right or wrong, and --at its time; or --list"),
        (["unusual_spent", "wrong", *PLACE], "is no anomaly; allowed: unusual_spend"),
        (["unusual_spend", "wrong", *PLACE[2:]], "series is told by --key region="),
        (["unusual_spend", "wrong", *PLACE, "--key", "card=1"], "series is told by --key region="),
        (["unusual_spend", "right", *PLACE[:2], "--at", "noon"], "--at noon is no time; allowed"),
        (
            ["unusual_spend", "right", *PLACE[:2], "--at", "2999-01-01T00:00:00Z"],
            "--at 2999-01-01T00:00:00Z is in the future",
        ),
        (["unusual_spend", "right", *PLACE, "--effective", "soon"], "--effective soon is no time"),
    ],
)
def test_what_cannot_be_labelled_is_one_line(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["label", str(FILE), *arguments])
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line


TEXT = """
version: 1
pipeline: labelled
sources:
  s:
    kafka: {topic: t}
    event_time: {field: ts, format: epoch_ms}
    fields:
      site: {type: string}
      line: {type: int}
      tilt: {type: int}
      cold: {type: bool}
      amount: {type: float}
windows:
  w: {from: s, tumbling: {size: 1s}, by: [site, line], select: {amount: sum(amount)}}
anomalies:
  odd: {on: w.amount}
  event: {on: s.amount, by: [tilt, cold]}
  alone: {on: s.amount}
output: {influxdb: {bucket: labelled, retention: 0s}}
"""
AT_NS = 1_769_860_800_000_000_000
"""2026-01-31T12:00:00Z."""
ANOMALIES: list[tuple[str, int, dict[str, Any]]] = [
    ("odd", AT_NS, {"site": "a, b=c\\", "line": 1}),
    ("odd", AT_NS + 60_000_000_000, {"site": "north", "line": 1}),
    ("odd", AT_NS, {"site": "", "line": 2}),
    ("odd", AT_NS, {"site": None, "line": None}),
    ("event", AT_NS + 1_000_001, {"tilt": 7, "cold": True}),
    ("alone", AT_NS, {}),
]


@pytest.fixture(params=["embedded", "InfluxDB"])
def labelled(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A pipeline file whose store holds `ANOMALIES`."""
    path = tmp_path / "p.yaml"
    text = TEXT
    if request.param == "InfluxDB":
        server: InfluxDB = request.getfixturevalue("influxdb")
        text = text.replace("bucket: labelled", f"bucket: {server.bucket()}")
        for name, value in (("URL", server.url), ("TOKEN", server.token), ("ORG", server.org)):
            monkeypatch.setenv(f"INFLUXDB_{name}", value)
        monkeypatch.delenv("TIDEGAUGE_STORE", raising=False)
    else:
        monkeypatch.setenv("TIDEGAUGE_STORE", str(tmp_path / "s.db"))
    monkeypatch.setenv("KAFKA_BOOTSTRAP", "127.0.0.1:1")
    monkeypatch.setenv("TIDEGAUGE_START_TIMEOUT", "0.5")
    path.write_text(text)
    pipeline = load_pipeline(path)
    settings = read_settings()
    sink = store_sink(pipeline, settings, Refusals(pipeline, settings))
    assert sink is not None
    part = sink.build_part("store", "00", None)
    signals = catalogue_of(pipeline).signals
    for name, time_ns, key in ANOMALIES:
        columns = {one.name: one.type.dtype for one in signals[name].columns}
        known: dict[str, object] = {"anomaly": name, "value": 1.0, TIME_NS: time_ns}
        known.update(key)
        row = {**dict.fromkeys(columns), **known}
        schema = {TIME_NS: pl.Int64} | columns
        part.write_batch([RecordBatch(name, pl.DataFrame([row], schema))])
    part.close()
    return path


def told(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    with pytest.raises(SystemExit) as ended:
        main(["label", *map(str, arguments)])
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    return line


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (
            ["odd", "right", "--key", "site=north", "--key", "line=1", "--at", AT_NS],
            "is stored; the nearest of this series is at 2026-01-31T12:01:00Z; --unchecked",
        ),
        (
            ["odd", "wrong", "--key", "site=north", "--key", "line=2", "--at", AT_NS],
            "this series has none within 12 hours of it",
        ),
        (["alone", "wrong", "--at", "2026-01-31T11:00:00Z"], "is at 2026-01-31T12:00:00Z"),
        (["alone", "wrong", "--at", "2025-01-31T12:00:00Z"], "has none within 12 hours of it"),
        (["alone", "wrong", "--at", AT_NS + 1], "is at 2026-01-31T12:00:00Z"),
        (
            ["event", "right", "--key", "tilt=7", "--key", "cold=true", "--at", AT_NS],
            "the nearest of this series is at 2026-01-31T12:00:00.001000001Z",
        ),
        (
            [
                "event",
                "right",
                "--key",
                "tilt=7",
                "--key",
                "cold=false",
                "--at",
                AT_NS + 1_000_001,
            ],
            "this series has none within 12 hours of it",
        ),
    ],
)
def test_an_anomaly_that_never_was_is_not_labelled(
    labelled: Path, arguments: list[str], hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    line = told(capsys, labelled, *arguments)
    assert line.startswith("label: no anomaly ")
    assert hint in line


@pytest.mark.parametrize(
    "arguments",
    [
        ["odd", "--key", "site=a, b=c\\", "--key", "line=1", "--at", AT_NS],
        ["odd", "--key", "site=", "--key", "line=2", "--at", AT_NS],
        ["odd", "--key", "site=(none)", "--key", "line=(none)", "--at", AT_NS],
        ["event", "--key", "tilt=07", "--key", "cold=TRUE", "--at", AT_NS + 1_000_001],
        ["alone", "--at", "2026-01-31T13:00:00+01:00"],
        ["alone", "--unchecked", "--at", "2020-01-31T12:00:00Z"],
    ],
)
def test_one_that_is_stored_is_labelled_and_any_with_unchecked(
    labelled: Path, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """It goes on to the broker, of which there is none here."""
    name, *rest = arguments
    assert told(capsys, labelled, name, "right", *rest).startswith("KAFKA_BOOTSTRAP=127.0.0.1:1: ")


def test_a_store_that_is_not_there_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "p.yaml").write_text(TEXT)
    monkeypatch.delenv("TIDEGAUGE_STORE", raising=False)
    arguments = [tmp_path / "p.yaml", "alone", "right", "--at", AT_NS]
    line = told(capsys, *arguments, "--embedded", tmp_path / "none.db")
    assert "none.db: there is no such file" in line
    assert line.endswith("name the store that the flow writes, or label it --unchecked")
    monkeypatch.setenv("INFLUXDB_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("INFLUXDB_TOKEN", "t")
    assert "INFLUXDB_URL=http://127.0.0.1:1: no InfluxDB answers" in told(capsys, *arguments)


def test_a_pipeline_without_a_store_says_that_nobody_knows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "p.yaml").write_text(
        TEXT.replace("output: {influxdb: {bucket: labelled, retention: 0s}}", "")
    )
    monkeypatch.delenv("TIDEGAUGE_STORE", raising=False)
    pipeline = load_pipeline(tmp_path / "p.yaml")
    require_stored(pipeline, Label("alone", (), AT_NS, True, AT_NS, AT_NS), None)
    assert "whether there was such an anomaly is unknown" in capsys.readouterr().err
