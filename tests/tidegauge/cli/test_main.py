import subprocess
import sys

import pytest

from tidegauge.cli import main

QUICK = """
import sys
from tidegauge.cli import main
try:
    main(["--help"])
except SystemExit:
    pass
heavy = {"polars", "pandas", "numpy", "bytewax", "sqlglot", "confluent_kafka", "scipy"}
sys.exit(", ".join(sorted(heavy & set(sys.modules))) or 0)
"""


def run(*arguments: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    out, err = capsys.readouterr()
    return int(caught.value.code or 0), out, err


def test_help_names_the_commands_and_imports_nothing_heavy() -> None:
    done = subprocess.run(
        [sys.executable, "-c", QUICK], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert done.returncode == 0
    assert "check" in done.stdout
    assert "schema" in done.stdout


def test_runs_as_a_module() -> None:
    command = [sys.executable, "-m", "tidegauge.cli", "check", "no such file.yaml"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == (
        "no such file.yaml: cannot be read: No such file or directory; give a pipeline file\n"
    )


def test_an_unknown_command_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run("chek", capsys=capsys)
    assert code == 2
    assert "No such command 'chek'" in err


def test_help_of_each_command(capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("check", "schema"):
        code, out, _ = run(name, "--help", capsys=capsys)
        assert code == 0
        assert f"tidegauge {name}" in out
