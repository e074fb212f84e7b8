from pathlib import Path

import pytest

from tests.tidegauge.cli.test_main import run
from tidegauge.spec.schema import render_schema


def test_the_committed_file_is_current(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("schema", "--check", capsys=capsys) == (0, "pipeline.schema.json is current\n", "")


def test_writes_and_checks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "s.json"
    stale = run("schema", "--check", "--file", str(file), capsys=capsys)
    assert stale == (1, "s.json is stale: run 'tidegauge schema'\n", "")
    assert not file.exists()
    assert run("schema", "--file", str(file), capsys=capsys) == (0, "s.json written\n", "")
    assert file.read_text(encoding="utf-8") == render_schema()
    assert run("schema", "--check", "--file", str(file), capsys=capsys)[0] == 0


def test_a_place_that_cannot_be_written_is_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run("schema", "--file", str(tmp_path / "no" / "s.json"), capsys=capsys)
    assert (code, out) == (2, "")
    assert err.endswith("s.json: No such file or directory; give a file with --file\n")
