import json
from pathlib import Path

import pytest

from tests.tidegauge.cli.test_main import run

PIPELINE = """version: 1
pipeline: payments
sources:
  payments:
    kafka: {topic: payments}
    event_time: {field: at}
    fields: {card: {type: string}, amount: {type: float}}
patterns:
  contradiction:
    from: payments
    match: small -> large
    define:
      small: amount < 2
      large: amount > 5 AND amount < 2
    within: 5m
  endless:
    from: payments
    match: small -> large
    define: {small: amount < 2, large: amount > 5}
  doubling:
    from: payments
    match: large -> small+[->>] -> end
    define: {small: amount < 2, large: amount > 5, end: amount = 0}
    within: 5m
  sound:
    from: payments
    match: small{3,}[->] -> large
    define: {small: amount < 2, large: amount > 100 * AVG(small.amount)}
    within: 5m
"""


@pytest.fixture
def pipeline(tmp_path: Path) -> Path:
    file = tmp_path / "p.yaml"
    file.write_text(PIPELINE)
    return file


def test_risky_patterns_are_warned_of_by_line(
    pipeline: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run("check", "--no-live", str(pipeline), capsys=capsys)
    assert (code, err) == (0, "")
    warnings = [line for line in out.splitlines() if line.startswith("warning: ")]
    assert [line.split(": ")[1:3] for line in warnings] == [
        [f"{pipeline}:14", "patterns.contradiction.define.large"],
        [f"{pipeline}:18", "patterns.endless.match"],
        [f"{pipeline}:22", "patterns.doubling.match"],
    ]
    assert "never matches: amount > 5 AND amount < 2 cannot hold" in warnings[0]


def test_programs_get_warnings_apart_from_mistakes(
    pipeline: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = run("check", "--no-live", "--json", str(pipeline), capsys=capsys)
    (told,) = json.loads(out)
    assert code == 0
    assert told["mistakes"] == []
    assert [one["line"] for one in told["warnings"]] == [14, 18, 22]


@pytest.mark.parametrize(
    ("match", "told"),
    [
        ("(small{100}){100} large", "more than 5,000 positions"),
        ("small{6000} -> large", "more than 5,000 positions"),
    ],
)
def test_a_pattern_that_is_too_large_to_run_is_a_mistake(
    match: str, told: str, pipeline: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pipeline.write_text(PIPELINE.replace("small{3,}[->] -> large", match))
    code, out, err = run("check", "--no-live", str(pipeline), capsys=capsys)
    assert (code, err) == (1, "")
    (line,) = out.splitlines()
    assert line.startswith(f"{pipeline}:27: patterns.sound.match: ")
    assert told in line
