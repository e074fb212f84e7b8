"""The benchmarks of patterns tell the truth."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from benchmarks import cep, cep_conformance
from benchmarks.cep_cases import Case, read_cases
from tidegauge.errors import UserMistake

SMALL = {
    "id": "small",
    "pattern": {
        "steps": [
            {"name": "a", "contiguity": "begin", "where": ["==", ["cur", "name"], "a"]},
            {"name": "b", "contiguity": "relaxed", "where": [">", ["cur", "price"], 1.5]},
        ],
        "within_ms": None,
        "skip": "no_skip",
    },
    "events": [
        {"id": 7, "name": "a", "price": 1.0, "ts": 1, "kind": "base"},
        {"id": 9, "name": "x", "price": 2.0, "ts": 2, "kind": "base"},
    ],
    "expected_matches": [{"a": [7], "b": [9]}],
    "expected_emit": ["e9"],
    "expected_timeouts": None,
}


def run(arguments: list[str]) -> tuple[int, str]:
    app = typer.Typer()
    app.command()(cep_conformance.main)
    result = CliRunner().invoke(app, arguments)
    return result.exit_code, result.output


def test_a_case_that_is_as_expected_passes(tmp_path: Path) -> None:
    path = tmp_path / "cases.json"
    path.write_text(json.dumps([SMALL]))
    assert run([str(path)]) == (0, "passed 1 of 1\n")


@pytest.mark.parametrize(
    "wrong",
    [
        {"expected_matches": [], "expected_emit": []},
        {"expected_emit": ["e7"]},
        {"expected_matches": [{"a": [7], "b": [7]}]},
        {"expected_timeouts": [{"match": {"a": [7]}, "ts": 5}]},
        {"expected_late": [9]},
        {"expected_error": "malformed"},
    ],
)
def test_a_case_that_is_not_fails(tmp_path: Path, wrong: Case) -> None:
    path = tmp_path / "cases.json"
    path.write_text(json.dumps([{**SMALL, **wrong}, SMALL]))
    code, output = run([str(path)])
    assert code == 1
    assert output.startswith("small: ")
    assert output.endswith("passed 1 of 2\n")


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserMistake, match="No such file"):
        read_cases(tmp_path / "cases.json")
    assert run([str(tmp_path / "cases.json")])[0] == 2


@pytest.mark.parametrize(("sql", "every"), [(False, 1), (True, 4)])
def test_known_cases(sql: bool, every: int) -> None:  # noqa: FBT001 - a table
    try:
        files = cep_conformance.default_files()
    except UserMistake as mistake:
        pytest.skip(str(mistake))
    cases = [case for path in files for case in read_cases(path)][::every]
    failed = [case["id"] for case in cases if cep_conformance.check(case, sql=sql)]
    assert failed == []


def test_the_streams_of_the_benchmark_hold_what_they_say() -> None:
    (batch,) = cep.batches(10_000, 0.1, kinds=cep.KINDS)
    matters = (batch["kind"] != "other").sum()
    assert 800 < matters < 1_200
    assert batch["card"].n_unique() == cep.KEYS
    assert len(cep.hundred()) == 100
