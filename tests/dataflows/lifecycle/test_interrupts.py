"""Ctrl-C while a flow starts, at any moment: it ends at once with code 130 and says nothing."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from benchmarks.flow_process import ROOT

INTERRUPTED = 128 + signal.SIGINT
LAUNCH = ["-m", "dataflows.launch", "flow.yaml"]
ENGINE = ["-m", "bytewax.run", "dataflows.analytics:flow('flow.yaml')"]
COMMAND = ["-m", "tidegauge.cli", "run", "flow.yaml"]
WAITS = """
import os, select, sys
os.write(1, b"here\\n")
while not select.select([sys.stdin], [], [], 0.05)[0]:
    pass
"""
"""What stands in for a module, to be in the middle of its import; as an import it runs Python, so
that a signal between two reads is seen."""


def told(arguments: Sequence[str], folder: Path, sign: signal.Signals) -> tuple[int, str]:
    """Exit code and standard error of a program that is sent a signal once it has said `here`."""
    with subprocess.Popen(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)])},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == "here\n", process.stderr.read()
        process.send_signal(sign)
        process.wait(60)
        return process.returncode, process.stderr.read()


@pytest.mark.parametrize(
    ("arguments", "module"),
    [
        (LAUNCH, "bytewax"),
        (LAUNCH, "polars"),
        (ENGINE, "polars"),
        (ENGINE, "confluent_kafka"),
        (COMMAND, "typer"),
        (COMMAND, "ruamel"),
    ],
)
def test_while_modules_are_imported(tmp_path: Path, arguments: Sequence[str], module: str) -> None:
    (tmp_path / f"{module}.py").write_text(WAITS)
    assert told(arguments, tmp_path, signal.SIGINT) == (INTERRUPTED, "")


@pytest.mark.parametrize("arguments", [LAUNCH, ENGINE])
@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_while_the_pipeline_file_is_read(
    tmp_path: Path, arguments: Sequence[str], sign: signal.Signals
) -> None:
    os.mkfifo(tmp_path / "flow.yaml")
    with subprocess.Popen(
        [sys.executable, *arguments],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        # Opened when the other side reads, and not before.
        with (tmp_path / "flow.yaml").open("w"):
            process.send_signal(sign)
            assert process.wait(60) == 128 + sign
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_between_the_command_and_the_program_that_it_becomes(tmp_path: Path) -> None:
    """A signal that comes while Python starts is heard as soon as somebody listens."""
    (tmp_path / "sitecustomize.py").write_text(
        "import os, signal, sys\n"
        "if sys.orig_argv[1:3] == ['-m', 'dataflows.launch']:\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
    )
    (tmp_path / "flow.yaml").write_text(
        "version: 1\npipeline: p\nsources: {s: {kafka: {topic: t}, event_time: {field: ts,"
        " format: epoch_ms}, fields: {a: {type: string}}}}\nwindows: {w: {from: s, tumbling: {size:"
        " 1s}, select: {n: count(*)}}}\n"
    )
    done = subprocess.run(
        [sys.executable, *COMMAND, "--embedded", "s.db"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (INTERRUPTED, "")


def test_an_interrupt_is_for_the_flow_and_not_for_polars() -> None:
    """Which would raise KeyboardInterrupt in the middle of a query, and end the drain."""
    program = (
        "import signal; from dataflows.lifecycle.drain import draining; draining.on_signals();"
        "import polars as pl; draining(); draining.on_signals();"
        "signal.raise_signal(signal.SIGINT);"
        "print(pl.LazyFrame({'a': [1]}).select(pl.col('a').sum()).collect().item());"
        "draining.pause_ns(60_000_000_000); print(draining())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "1\nTrue\n", "")
