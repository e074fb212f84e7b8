import json
from pathlib import Path

import pytest

from tests.tidegauge.cli.test_main import run
from tests.tidegauge.spec.test_mistakes import GOOD

PIPELINES = Path(__file__).parents[3] / "pipelines"


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    """A broker that the environment names for other tests is not asked here."""
    monkeypatch.delenv("KAFKA_BOOTSTRAP", raising=False)


@pytest.fixture
def good(tmp_path: Path) -> Path:
    file = tmp_path / "good.yaml"
    file.write_text(GOOD)
    return file


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    file = tmp_path / "bad.yaml"
    file.write_text(GOOD.replace("level: 8", "levl: 8").replace("size: 60s", "size: 65s"))
    return file


def test_the_examples_have_no_mistakes(capsys: pytest.CaptureFixture[str]) -> None:
    files = [str(file) for file in sorted(PIPELINES.glob("*.yaml"))]
    code, out, err = run("check", *files, capsys=capsys)
    assert (code, err) == (0, "")
    assert out.count("no mistakes") == len(files) >= 3


def test_says_what_a_good_file_makes(good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run("check", str(good), capsys=capsys)
    lines = [" ".join(line.split()) for line in out.splitlines()]
    signals = "alerts, dead_letters, events.payments, flow, ledger, spend, unusual, window_state"
    assert code == 0
    assert lines == [
        f"{good}: no mistakes. Pipeline payments:",
        "source payments topic payments card, amount, status, region, failed",
        "window spend payments, windows of 1m every 10s by region count, failure_rate",
        "anomaly unusual on spend.count ensemble, 0.5 false alarms a week",
        "alert failures spend.failure_rate > 0.05 level 8",
        f"signals: {signals}",
    ]


def test_tells_every_mistake_of_every_file(
    good: Path, bad: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run("check", str(bad), str(good), capsys=capsys)
    assert (code, err) == (1, "")
    lines = out.splitlines()
    assert lines[0].startswith(f"{bad}:18: windows.spend.sliding.every: 10s does not divide")
    assert lines[1].startswith(f"{bad}:29: alerts.failures.levl: unknown key (did you mean level?)")
    assert lines[2] == f"{good}: no mistakes. Pipeline payments:"


def test_what_cannot_be_read_counts_more_than_mistakes(
    bad: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run("check", "none.yaml", str(bad), capsys=capsys)
    assert code == 2
    assert err.startswith("none.yaml: cannot be read")
    assert out.startswith(f"{bad}:18: ")


def test_json_is_for_programs(good: Path, bad: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run("check", "--json", str(good), str(bad), "none.yaml", capsys=capsys)
    first, second, third = json.loads(out)
    assert (code, err) == (2, "")
    assert first == {"file": str(good), "mistakes": [], "error": None}
    assert [(each["line"], each["key"]) for each in second["mistakes"]] == [
        (18, "windows.spend.sliding.every"),
        (29, "alerts.failures.levl"),
    ]
    assert third["error"].startswith("none.yaml: cannot be read")


def test_a_model_that_cannot_be_used_is_a_mistake(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As `test` and `run` would say."""
    (tmp_path / "broken.onnx").write_text("no model")
    file = tmp_path / "p.yaml"
    file.write_text(
        """version: 1
pipeline: scored
sources:
  numbers:
    kafka: {topic: numbers}
    event_time: {field: ts, format: epoch_s}
    fields: {n: {type: float}}
windows:
  sums: {from: numbers, tumbling: {size: 10s}, select: {total: sum(n)}}
predictions:
  risk: {on: sums, model: broken.onnx, inputs: [total]}
"""
    )
    code, out, err = run("check", "--no-live", str(file), capsys=capsys)
    assert (code, err) == (1, "")
    (line,) = out.splitlines()
    assert line.startswith(f"{file}:11: predictions.risk.model: ")
    assert "broken.onnx" in line
