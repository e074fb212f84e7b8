"""The command line of a flow: that of Bytewax, with epochs of any length."""

import re
from pathlib import Path

import pytest

from dataflows.lifecycle.invocation import (
    EPOCH_NS,
    Invocation,
    epoch_ns,
    own_arguments,
    read_invocation,
)
from tidegauge.errors import UserMistake

MS = 1_000_000


@pytest.mark.parametrize(
    ("text", "length_ns"), [("100ms", 100 * MS), ("1m", 60_000 * MS), ("10", 10_000 * MS)]
)
def test_an_epoch_is_a_duration_or_whole_seconds(text: str, length_ns: int) -> None:
    assert epoch_ns(text) == length_ns


@pytest.mark.parametrize("text", ["0", "0ms", "-1", "0.5", "soon", ""])
def test_what_is_no_epoch_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"no duration|takes some time"):
        epoch_ns(text)


@pytest.mark.parametrize("text", ["9" * 20, "9" * 5_000, "99999999999999999999d", "3651d"])
def test_an_epoch_that_no_clock_can_count_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"no duration|too long: at most 3650d"):
        epoch_ns(text)


def test_options_of_one_process_of_a_cluster() -> None:
    arguments = ["flow.py:flow", "-w2", "-i1", "-aa:1;b:2", "-rstate", "-s100ms", "-b60"]
    expected = Invocation(2, 1, ("a:1", "b:2"), Path("state"), 100 * MS, 60)
    assert read_invocation(arguments) == expected
    assert expected.clustered


@pytest.mark.parametrize("options", [["-aa:1", "-a", "b:2"], ["--addresses=a:1", "-ab:2"]])
def test_addresses_that_are_given_twice_are_refused(options: list[str]) -> None:
    expected = (
        "--addresses (-a) is given 2 times; name all processes in one, separated by semicolons:"
        ' -a "a:1;b:2"'
    )
    with pytest.raises(UserMistake, match=re.escape(expected)):
        read_invocation(["flow.py:flow", "-i1", *options])


def test_addresses_of_the_command_line_go_before_those_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BYTEWAX_ADDRESSES", "a:1;b:2")
    assert read_invocation(["-ac:3"]).addresses == ("c:3",)


def test_what_is_not_said_is_in_the_environment_or_as_in_bytewax(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert read_invocation([]) == Invocation(epoch_ns=EPOCH_NS)
    monkeypatch.setenv("BYTEWAX_ADDRESSES", "a:1;b:2")
    monkeypatch.setenv("BYTEWAX_RECOVERY_BACKUP_INTERVAL", "5")
    assert read_invocation([]) == Invocation(addresses=("a:1", "b:2"), backup_s=5)


@pytest.mark.parametrize("program", ["/a/bytewax/run.py", "bytewax.run", "dataflows/launch.py"])
def test_a_runner_is_known_by_its_path_and_under_a_profiler(
    program: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else its recovery directory would not be checked."""
    monkeypatch.setattr("sys.argv", [program, "flow", "-r", "state"])
    assert own_arguments() == ["flow", "-r", "state"]
    monkeypatch.setattr("sys.argv", ["/a/other/run.py", "-r", "state"])
    assert own_arguments() == []
