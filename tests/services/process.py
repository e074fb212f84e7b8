"""A server as a process of ours: started, waited for, ended with all that it started."""

import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from tests.services.errors import ServerUnavailableError

TETHER = Path(__file__).with_name("tether.py")
_OUTGOING = Path("/proc/sys/net/ipv4/ip_local_port_range")
_LOWEST, _BEFORE = 10_000, 32_768


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nothing listens on, and that no connection gets by itself.

    A port that the system would give to outgoing connections can be taken before the server binds
    it: most easily by a client that asks again and again whether the server is there.
    """
    before = int(_OUTGOING.read_text().split()[0]) if _OUTGOING.exists() else _BEFORE
    while True:
        port = random.randrange(_LOWEST, max(before, 2 * _LOWEST))
        with closing(socket.socket()) as listener, suppress(OSError):
            listener.bind(("127.0.0.1", port))
            return port


def wait_until(
    answers: Callable[[], bool], *, seconds: float, alive: Callable[[], bool] = lambda: True
) -> bool:
    """Whether `answers` became true within `seconds`, while `alive` stayed true."""
    deadline = time.monotonic() + seconds
    while alive() and time.monotonic() < deadline:
        if answers():
            return True
        time.sleep(0.05)
    return False


def tail(log: Path, lines: int = 30) -> str:
    """The last lines of a server's log."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


def end(process: subprocess.Popen[bytes], *, grace: float = 20) -> None:
    """End a process and all of its group: asked first, then forced."""
    for sign, seconds in ((signal.SIGTERM, grace), (signal.SIGKILL, grace)):
        try:
            os.killpg(process.pid, sign)
            process.wait(seconds)
        except ProcessLookupError:
            break
        except subprocess.TimeoutExpired:
            continue
    process.wait()


@contextmanager
def running(
    command: Sequence[str], *, log: Path, answers: Callable[[], bool], seconds: float = 60
) -> Iterator[subprocess.Popen[bytes]]:
    """The server of `command` while it answers; its output goes to `log`.

    Raises:
        ServerUnavailableError: it ended, or did not answer within `seconds`.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, str(TETHER), str(os.getpid()), *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        if not wait_until(answers, seconds=seconds, alive=lambda: process.poll() is None):
            ended = process.poll()
            state = "no answer" if ended is None else f"ended with code {ended}"
            message = (
                f"{command[0]}: {state} within {seconds:.0f} s; the end of {log}:\n{tail(log)}"
            )
            raise ServerUnavailableError(message)
        yield process
    finally:
        end(process)
