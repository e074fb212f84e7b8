"""`tidegauge live` tells in a line why it cannot start."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.connectors.live.records import FILE, ROOT
from tidegauge.cli import main


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    with pytest.raises(SystemExit) as ended:
        main(["live", *map(str, arguments), "--no-open"])
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    return line


def test_it_needs_a_store(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("TIDEGAUGE_STORE", raising=False)
    monkeypatch.chdir(tmp_path)
    assert "name the SQLite file that the flow writes with --store" in refused(capsys, FILE)


def test_a_port_that_is_taken_is_told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        line = refused(capsys, FILE, "--store", tmp_path / "x.db", "--port", port)
    assert line.startswith(f"127.0.0.1:{port}: Address already in use; choose another")


def test_a_host_of_another_machine_is_told(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    line = refused(capsys, FILE, "--store", tmp_path / "x.db", "--host", "192.0.2.1", "--port", 0)
    assert line.startswith("192.0.2.1:0: Cannot assign requested address")


def test_wrong_settings_are_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIDEGAUGE_BATCH_SIZE", "many")
    assert refused(capsys, FILE).startswith("TIDEGAUGE_BATCH_SIZE=many: ")


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_code_0_and_no_word(tmp_path: Path, sign: signal.Signals) -> None:
    command = [sys.executable, "-m", "tidegauge.cli", "live", str(FILE), "--port", "0", "--no-open"]
    with subprocess.Popen(
        [*command, "--store", str(tmp_path / "x.db")],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith("Live page of ")
        process.send_signal(sign)
        assert process.wait(60) == 0
        assert process.stderr.read() == ""


@pytest.mark.parametrize(
    ("host", "token", "warned"),
    [
        ("0.0.0.0", "", True),  # noqa: S104 - that is what is warned of
        ("::", "", True),
        ("0.0.0.0", "x" * 16, False),  # noqa: S104
        ("127.0.0.1", "", False),
        ("::1", "", False),
        ("localhost", "", False),
    ],
)
def test_a_page_that_everybody_may_read_is_warned_of(
    tmp_path: Path, host: str, token: str, *, warned: bool
) -> None:
    command = [sys.executable, "-m", "tidegauge.cli", "live", str(FILE), "--port", "0", "--no-open"]
    with subprocess.Popen(
        [*command, "--store", str(tmp_path / "x.db"), "--host", host],
        cwd=ROOT,
        env={**os.environ, "TIDEGAUGE_LIVE_TOKEN": token},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith("Live page of ")
        process.terminate()
        assert process.wait(60) == 0
        told = process.stderr.read()
    if warned:
        assert told.startswith(f"warning: without a token everybody who reaches {host}:")
        assert told.rstrip().endswith("set TIDEGAUGE_LIVE_TOKEN, or listen on 127.0.0.1")
        assert len(told.splitlines()) == 1
    else:
        assert told == ""


@pytest.mark.parametrize(
    ("token", "told"),
    [
        ("secret-word", "TIDEGAUGE_LIVE_TOKEN is too short: it has at least 16 characters"),
        ("secret-word-\u00e9 with spaces", "TIDEGAUGE_LIVE_TOKEN has characters that no header"),
    ],
)
def test_a_token_that_will_not_do_is_told_without_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, token: str, told: str
) -> None:
    monkeypatch.setenv("TIDEGAUGE_LIVE_TOKEN", token)
    line = refused(capsys, FILE)
    assert line.startswith(told)
    assert "secret-word" not in line
