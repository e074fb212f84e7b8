"""`tidegauge test`: a file's own tests run through the real flow, and fail where they should."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.flow_process import ROOT
from connectors.memory.source import Held
from dataflows.checks.selftest import observe, run_file_test
from tests.dataflows.shop.events import tell
from tests.dataflows.shop.files import PIPELINE
from tests.dataflows.shop.truth import anomalies, critical_alerts, truth_of
from tests.tidegauge.cli.test_main import run
from tidegauge.errors import UserMistake
from tidegauge.memory import OUT_OF_MEMORY
from tidegauge.spec.loader import load_pipeline

EXAMPLES = ("machines", "payments", "warehouse", "web")
FILE = """\
version: 1
pipeline: sums
sources:
  numbers:
    kafka: {topic: numbers}
    event_time: {field: ts, format: epoch_s, out_of_orderness: 0s}
    fields: {n: {type: float}}
    PROCESS
windows:
  sums:
    from: numbers
    tumbling: {size: 10s}
    select: {total: sum(n)}
anomalies:
  odd: {on: sums.total, warm_up: 3}
alerts:
  large: {when: "sums.total > 10", level: 5}
tests:
  - events: events.jsonl
    expect: EXPECT
"""
EVENTS = [{"ts": ts, "n": n} for ts, n in [(1, 1), (11, 1), (21, 1), (31, 99), (41, 1)]]
SENT_MS = 1_800_000_000_000
"""Kafka timestamp of all messages, later than their events."""
FOUND = {"alerts": ["large"], "anomalies": ["odd"], "windows": {"sums": 5}, "dead_letters": 1}


def write(folder: Path, expect: object, process: str = "") -> Path:
    """A pipeline file with a test of five numbers and a broken message."""
    lines = [json.dumps(event) for event in EVENTS]
    (folder / "events.jsonl").write_text("\n".join([*lines, "{broken"]))
    file = folder / "sums.yaml"
    text = FILE.replace("EXPECT", json.dumps(expect)).replace("PROCESS", process)
    file.write_text(text)
    return file


def differences(file: Path) -> list[str]:
    """What the test of a file finds."""
    pipeline = load_pipeline(file)
    (test,) = pipeline.tests
    return run_file_test(pipeline, file.parent, test)


def test_the_examples_pass_their_own_tests() -> None:
    files = [str(ROOT / "pipelines" / f"{name}.yaml") for name in EXAMPLES]
    done = subprocess.run(
        [sys.executable, "-m", "tidegauge.cli", "test", *files],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert done.stdout.splitlines()[-1] == "11 passed, 0 failed"
    assert done.stderr == ""


def test_what_is_as_expected_passes(tmp_path: Path) -> None:
    assert differences(write(tmp_path, FOUND)) == []


def test_what_is_left_out_is_not_looked_at(tmp_path: Path) -> None:
    assert differences(write(tmp_path, {})) == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"alerts": []}, "alerts: expected none, found large"),
        ({"anomalies": []}, "anomalies: expected none, found odd"),
        ({"windows": {"sums": 4}}, "windows.sums: expected 4 rows, found 5"),
        ({"dead_letters": 0}, "dead_letters: expected 0, found 1"),
    ],
)
def test_what_differs_is_told(tmp_path: Path, change: dict[str, object], told: str) -> None:
    assert differences(write(tmp_path, {**FOUND, **change})) == [told]


def test_a_failed_test_is_exit_code_1_and_a_line_for_each_difference(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(tmp_path, {**FOUND, "alerts": [], "dead_letters": 3})
    code, out, err = run("test", str(file), capsys=capsys)
    assert (code, err) == (1, "")
    assert out.splitlines() == [
        f"FAILED {file}: events.jsonl",
        "       alerts: expected none, found large",
        "       dead_letters: expected 3, found 1",
        "0 passed, 1 failed",
    ]


def test_an_events_file_that_is_not_there_is_exit_code_2_and_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(tmp_path, FOUND)
    (tmp_path / "events.jsonl").unlink()
    code, out, err = run("test", str(file), capsys=capsys)
    assert code == 2
    (line,) = (out + err).splitlines()
    assert str(tmp_path) in line
    assert "events.jsonl" in line


def test_a_process_function_that_gets_no_memory_is_a_line_and_no_dead_letters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "greedy.py").write_text("def all_of_it(frame):\n    bytearray(1 << 60)\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    file = write(tmp_path, FOUND, "process: greedy:all_of_it")
    code, out, err = run("test", str(file), capsys=capsys)
    assert (code, out) == (2, "")
    assert err.splitlines()[-1] == OUT_OF_MEMORY


def test_a_process_function_that_breaks_the_rules_is_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own_process.py").write_text("def nothing(frame):\n    return None\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UserMistake, match=r"^process: returned NoneType; allowed is"):
        differences(write(tmp_path, FOUND, "process: own_process:nothing"))


def test_what_is_found_is_the_truth() -> None:
    story = tell(20_000, partitions=(0,))
    texts = [message.value for message in story.messages]
    held = [
        Held(None if text is None else text.encode(errors="surrogateescape"), SENT_MS)
        for text in texts
    ]
    truth = truth_of(story)
    assert critical_alerts(truth.first)
    assert anomalies(truth.first)
    found = observe(load_pipeline(PIPELINE), held)
    assert found.alerts == {"failing", "failing_a_little"}
    assert found.anomalies == {"odd_total"}
    assert found.windows == dict(truth.final["window"].value_counts())
    assert found.dead_letters == len(story.dead_letters)
