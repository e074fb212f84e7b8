"""Processes of a flow: a failure is told, and nothing is left running."""

from pathlib import Path

import pytest

from benchmarks.flow_process import FlowFailedError, Shape, free_ports, run_flow, running_flow


def test_free_ports_are_different() -> None:
    assert len(set(free_ports(20))) == 20


@pytest.mark.parametrize("processes", [1, 2])
def test_a_flow_that_cannot_start_is_told_with_what_it_printed(
    tmp_path: Path, processes: int
) -> None:
    with pytest.raises(FlowFailedError, match=r"exit code 2:\n.*none\.yaml: cannot be read"):
        run_flow(tmp_path / "none.yaml", Shape(processes=processes), {})


def test_what_still_runs_is_ended_at_the_end() -> None:
    nowhere = {"KAFKA_BOOTSTRAP": "127.0.0.1:1"}
    file = Path(__file__).parents[1] / "dataflows" / "shop" / "pipeline.yaml"
    with running_flow(file, Shape(processes=2), nowhere) as members:
        assert [member.process.poll() for member in members] == [None, None]
    assert all(member.process.returncode is not None for member in members)
