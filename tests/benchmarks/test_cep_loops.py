"""The measurement of long loops runs, and what a restart tells is the same."""

import typer
from typer.testing import CliRunner

from benchmarks import cep_loops


def test_every_pattern_is_measured_with_and_without_a_window() -> None:
    app = typer.Typer()
    app.command()(cep_loops.main)
    result = CliRunner().invoke(app, ["--events", "60"])
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert len(lines) == 2 * (1 + len(cep_loops.CASES))
    assert all(" match(es), 0 given up" in line for line in lines if line.startswith("  "))
    assert not any(" 0 match(es)" in line for line in lines)
