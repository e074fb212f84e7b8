import pkgutil
import re
import signal
import subprocess
import sys
from importlib.metadata import version

import pytest

from tidegauge import cli
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


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["chek"], "No such command 'chek'. Did you mean 'check'"),
        (["pattern"], "Did you mean 'patterns'?"),
        (["dlq", "lst"], "No such command 'lst'. Did you mean 'list'?"),
        (["patterns", "aply", "a", "b"], "Did you mean 'apply'?"),
        (["patterns", "x"], "No such command 'x'. Commands: apply, history"),
        (["state", "inspekt", "d"], "No such command 'inspekt'. Did you mean 'inspect'?"),
        (["state", "x"], "No such command 'x'. Commands: inspect, backup"),
        (["xyzzy"], "No such command 'xyzzy'. Commands: check, demo, dlq, "),
    ],
)
def test_a_misspelt_command_is_told_with_what_may_have_been_meant(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = run(*arguments, capsys=capsys)
    assert code == 2
    assert message in err


COMMANDS = [module.name for module in pkgutil.iter_modules(cli.__path__) if module.name[0] != "_"]


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_lists_every_command_by_its_name(
    option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = run(option, capsys=capsys)
    assert code == 0
    listed = re.findall(r"^│ (\w\S*) ", out, re.MULTILINE)
    assert listed == sorted(COMMANDS)


@pytest.mark.parametrize("option", ["-h", "--help"])
@pytest.mark.parametrize("name", [*COMMANDS, "dlq redrive", "patterns history", "state backup"])
def test_help_of_each_command(name: str, option: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(*name.split(), option, capsys=capsys)
    assert code == 0
    assert f"tidegauge {name}" in out


@pytest.mark.parametrize("option", ["--version", "-V"])
def test_the_version_is_told(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(option, capsys=capsys) == (0, f"tidegauge {version('tidegauge')}\n", "")


def test_ctrl_c_is_heard_as_before_when_a_command_has_ended(
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = signal.getsignal(signal.SIGINT)
    run("--version", capsys=capsys)
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "\udcff.yaml"),
        ("dlq", "list", "p.yaml", "--since", "\udcff"),
        ("run", "p.yaml", "--recovery", "rec\udcff"),
        ("explain", "p.yaml:p", "e.jsonl", "--key", "card=\udcff"),
    ],
)
def test_an_argument_that_is_no_text_is_a_line(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run(*arguments, capsys=capsys)
    assert (code, out) == (2, "")
    (line,) = err.splitlines()
    assert line.isprintable()
    assert line.endswith(": is no UTF-8; give a text, or rename it")
