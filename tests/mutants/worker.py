"""A copy of the checkout, and a process that runs some of its tests on demand."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

import pytest

from tests.mutants.serve import NOT_EXCHANGED

_LEFT_OUT = (".git", ".venv", ".*_cache", "__pycache__", ".hypothesis", "*.db")
_OPTIONS = ["-x", "-q", "-p", "no:cacheprovider", "--tb=no", "-m", "not services"]
_OURS = ["-p", "tests.mutants.plugin", "--hypothesis-profile=ci"]
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
        # Saved bytecode of one fault would be taken for the next of the same second and size.
        own = {"PYTHONPATH": str(self.copied), "PYTHONDONTWRITEBYTECODE": "1"}
        self._environment = os.environ | own

    def __enter__(self) -> Self:
        """Import the copy, which is still without a fault."""
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        """Let the process end."""
        self._asks.close()
        self._ready.wait()
        self._answers.close()

    def passes(
        self, tests: Sequence[str], path: str, before: bytes, seconds: float, *, anew: bool
    ) -> bool:
        """Whether some tests pass within a limit, in their order.

        Args:
            tests: their names.
            path: the file that was changed in the copy.
            before: its text without the change.
            seconds: of the processor that they may take.
            anew: whether all must be imported anew, as what was changed runs at imports.
        """
        runs = self._run_anew if anew else self._run
        return runs(self._asked(tests, seconds), path, before) in _PASSED

    def _asked(self, tests: Sequence[str], seconds: float) -> list[str]:
        """What pytest is called with."""
        chosen = self._folder / "chosen.txt"
        chosen.write_text("\n".join(tests), encoding="utf-8")
        files = dict.fromkeys(name.partition("::")[0] for name in tests)
        temporary = f"--basetemp={self._folder / 'tmp'}"
        limits = ["--longest", str(int(seconds))]
        return [*_OPTIONS, *_OURS, *limits, temporary, "--chosen", str(chosen), *files]

    def _run(self, asked: list[str], path: str, before: bytes) -> int:
        """The exit code of pytest in a fork."""
        file = str(self.copied / path)
        ask = {"pytest": asked, "file": file, "before": before.decode()}
        print(json.dumps(ask), file=self._asks, flush=True)
        code = int(self._answers.readline())
        return self._run_anew(asked, path, before) if code == NOT_EXCHANGED else code

    def _run_anew(self, asked: list[str], _path: str, _before: bytes) -> int:
        """The exit code of pytest in a process of its own."""
        running = subprocess.Popen(
            [sys.executable, "-m", "pytest", *asked],
            cwd=self.copied,
            env=self._environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        code = running.wait()
        with suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)
        return code

    def _start(self) -> None:
        (read_asks, write_asks), (read_answers, write_answers) = os.pipe(), os.pipe()
        self._ready = subprocess.Popen(
            [sys.executable, "-m", "tests.mutants.serve", str(read_asks), str(write_answers)],
            cwd=self.copied,
            env=self._environment,
            pass_fds=(read_asks, write_answers),
            stdout=subprocess.DEVNULL,
        )
        os.close(read_asks)
        os.close(write_answers)
        self._asks = os.fdopen(write_asks, "w", encoding="utf-8")
        self._answers = os.fdopen(read_answers, encoding="utf-8")
        self._answers.readline()
