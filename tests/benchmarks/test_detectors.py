"""The cost of a point: what the benchmark says, not how fast the machine is."""

import json

import typer
from typer.testing import CliRunner

from benchmarks import detectors


def test_entries_have_name_figure_goal_and_whether_it_is_met() -> None:
    app = typer.Typer()
    app.command()(detectors.main)
    result = CliRunner().invoke(app, ["--json", "--series", "200"])
    entries = json.loads(result.stdout)
    assert [set(entry) for entry in entries] == [{"name", "measured", "goal", "met"}] * 2
    assert all(entry["met"] == (entry["measured"] <= entry["goal"]) for entry in entries)
    assert result.exit_code == (0 if all(entry["met"] for entry in entries) else 1)
