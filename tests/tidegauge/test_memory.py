"""What says that there is no more memory, and what a process then says."""

import errno
import subprocess
import sys

import pytest

from tidegauge.memory import COULD_NOT_RUN, OUT_OF_MEMORY, is_out_of_memory

PROGRAM = """
from tidegauge.memory import tell_out_of_memory
tell_out_of_memory()
try:
    bytearray(1 << 60)
except MemoryError as error:
    {raised}
"""


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
        ImportError("libgfortran.so: failed to map segment from shared object"),
        RuntimeError("can't start new thread"),
    ],
)
def test_it_is_told_in_many_ways_and_through_others(error: Exception) -> None:
    assert is_out_of_memory(error)
    outer = ValueError("a step failed")
    outer.__cause__ = error
    assert is_out_of_memory(outer)


def test_other_errors_are_not_it() -> None:
    error = ValueError("memory")
    error.__context__ = error
    assert not is_out_of_memory(error)
    assert not is_out_of_memory(OSError(errno.ENOENT, "no such file"))
    assert not is_out_of_memory(None)


@pytest.mark.parametrize("raised", ["raise", "raise ValueError from error"])
def test_a_process_ends_with_a_line_and_exit_code_2(raised: str) -> None:
    command = [sys.executable, "-c", PROGRAM.format(raised=raised)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (COULD_NOT_RUN, f"{OUT_OF_MEMORY}\n")


def test_another_error_keeps_its_traceback() -> None:
    command = [sys.executable, "-c", PROGRAM.format(raised="raise KeyError('k') from None")]
    program = command[2].replace("bytearray(1 << 60)", "raise KeyError('k')")
    done = subprocess.run([*command[:2], program], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Traceback" in done.stderr
