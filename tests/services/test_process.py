"""Processes of the tests: waited for, and never left behind."""

import subprocess
import sys
from contextlib import closing
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import psutil
import pytest

from tests.services.errors import ServerUnavailableError
from tests.services.process import free_port, running, wait_until

SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]


def _answers(port: int) -> bool:
    try:
        with closing(urlopen(f"http://127.0.0.1:{port}", timeout=5)):
            return True
    except URLError:
        return False


def test_a_server_answers_inside_and_is_gone_afterwards(tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", "http.server", "--bind=127.0.0.1", str(port)]
    with running(command, log=tmp_path / "log", answers=lambda: _answers(port)):
        assert _answers(port)
    assert not _answers(port)


def test_a_server_that_ends_at_once_shows_the_end_of_its_log(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "raise SystemExit('no more room')"]
    with (
        pytest.raises(ServerUnavailableError, match="no more room"),
        running(command, log=tmp_path / "log", answers=lambda: False),
    ):
        pass


def test_a_server_that_never_answers_is_given_up(tmp_path: Path) -> None:
    with (
        pytest.raises(ServerUnavailableError, match="no answer within 0 s"),
        running(SLEEP, log=tmp_path / "log", answers=lambda: False, seconds=0.2),
    ):
        pass


def test_a_server_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    script = f"""
from pathlib import Path
from tests.services.process import running
with running({SLEEP!r}, log=Path({str(tmp_path / "log")!r}), answers=lambda: True):
    print("up", flush=True)
    import time; time.sleep(600)
"""
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    assert parent.stdout.readline() == b"up\n"
    (server,) = psutil.Process(parent.pid).children()
    parent.kill()
    parent.communicate()
    assert wait_until(lambda: _ended(server), seconds=60)


def _ended(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
