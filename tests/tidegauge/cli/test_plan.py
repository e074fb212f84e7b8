import json
from pathlib import Path

import pytest

from connectors.recovery.remembered import write_definitions
from operators.state.definitions import definitions_of
from tests.tidegauge.cli.test_main import run
from tests.tidegauge.spec.test_mistakes import GOOD
from tidegauge.spec.loader import load_pipeline

STORED = GOOD


@pytest.fixture
def before(tmp_path: Path) -> Path:
    return written(tmp_path / "before.yaml", STORED)


def written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_an_edit_that_keeps_all_state_exits_with_0(
    before: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    after = written(tmp_path / "after.yaml", STORED.replace("level: 8", "level: 6"))
    code, out, err = run("plan", str(before), str(after), capsys=capsys)
    assert (code, err) == (0, "")
    assert {line.split()[0] for line in out.splitlines()} == {"kept"}


def test_says_what_begins_anew_and_what_the_store_cannot_hold(
    before: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = STORED.replace("size: 60s", "size: 50s").replace("count: count(*)", "count: avg(amount)")
    after = written(tmp_path / "after.yaml", text)
    code, out, _ = run("plan", str(before), str(after), capsys=capsys)
    lines = out.splitlines()
    assert code == 1
    assert any(line.startswith("reset    window spend: size: was") for line in lines)
    assert "conflict spend.count: was int, now float: InfluxDB refuses it" in lines[-1]
    code, out, _ = run("plan", "--json", str(before), str(after), capsys=capsys)
    told = json.loads(out)
    assert code == 1
    assert {"measurement": "spend", "column": "count"}.items() <= told["conflicts"][0].items()
    verdicts = {one["part"]: one["verdict"] for one in told["state"]}
    assert verdicts["window:spend"] == "reset"
    assert verdicts["alert:failures"] == "kept"


def test_a_tag_that_becomes_a_field_is_a_conflict(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labelled = STORED.replace("{team: risk}", "{ratio: a}")
    old = written(tmp_path / "labelled.yaml", labelled)
    new = written(tmp_path / "new.yaml", STORED.replace("failure_rate", "ratio"))
    code, out, _ = run("plan", str(old), str(new), capsys=capsys)
    assert code == 1
    assert "conflict spend.ratio: was a tag, now a field (float)" in out


def test_compares_with_what_a_recovery_directory_remembers(
    before: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("plan", str(tmp_path), str(before), capsys=capsys)[0] == 2
    write_definitions(tmp_path, definitions_of(load_pipeline(before)))
    assert run("plan", str(tmp_path), str(before), capsys=capsys)[0] == 0
