"""A copy of the checkout, and a process that has imported its tests and runs some on demand."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import pytest

from tests.mutants.plugin import NOT_EXCHANGED

_LEFT_OUT = (".git", ".venv", ".*_cache", "__pycache__", ".hypothesis", "*.db")
_PYTEST = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "--tb=no"]
_OPTIONS = ["-p", "tests.mutants.plugin", "--hypothesis-profile=ci", "-m", "not services"]
_PASSED = {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}


class Worker:
    """Runs tests in a copy of a checkout.

    Args:
        checkout: what is copied, without its environment and caches.
        folder: where to.
    """

    def __init__(self, checkout: Path, folder: Path) -> None:
        self.copied = folder / "checkout"
        ignored = shutil.ignore_patterns(*_LEFT_OUT)
        shutil.copytree(checkout, self.copied, ignore=ignored, symlinks=True)
        self._folder = folder
        self._environment = os.environ | {"PYTHONPATH": str(self.copied)}
        self._ready: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        """Use it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let the process end."""
        if self._ready is not None:
            self._asks.close()
            self._ready.wait()
            self._answers.close()

    def passes(
        self, tests: Sequence[str], path: str, before: bytes, seconds: float, *, anew: bool
    ) -> bool:
        """Whether some tests pass in time, in their order.

        Args:
            tests: their names.
            path: the file that was changed in the copy.
            before: its text without the change.
            seconds: how long they may take.
            anew: whether all must be imported anew, as what was changed runs at imports.
        """
        if not anew:
            if self._ready is None:
                self._start()
            file = str(self.copied / path)
            ask = {"tests": tests, "file": file, "before": before.decode(), "seconds": seconds}
            print(json.dumps(ask), file=self._asks, flush=True)
            code = int(self._answers.readline())
            if code != NOT_EXCHANGED:
                return code == 0
        return self._passes_anew(tests, seconds)

    def _start(self) -> None:
        (read_asks, write_asks), (read_answers, write_answers) = os.pipe(), os.pipe()
        served = ["--serve", f"{read_asks},{write_answers}", f"--basetemp={self._folder / 'tmp'}"]
        self._ready = subprocess.Popen(
            [*_PYTEST, *_OPTIONS, *served],
            cwd=self.copied,
            env=self._environment,
            pass_fds=(read_asks, write_answers),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(read_asks)
        os.close(write_answers)
        self._asks = os.fdopen(write_asks, "w", encoding="utf-8")
        self._answers = os.fdopen(read_answers, encoding="utf-8")

    def _passes_anew(self, tests: Sequence[str], seconds: float) -> bool:
        chosen = self._folder / "chosen.txt"
        chosen.write_text("\n".join(tests), encoding="utf-8")
        files = dict.fromkeys(name.partition("::")[0] for name in tests)
        running = subprocess.Popen(
            [*_PYTEST, *_OPTIONS, "--chosen", str(chosen), *files],
            cwd=self.copied,
            env=self._environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            return running.wait(seconds) in _PASSED
        except subprocess.TimeoutExpired:
            os.killpg(running.pid, signal.SIGKILL)
            running.wait()
            return False
