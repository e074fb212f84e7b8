"""The engine's backtraces are seen where the error is not ours, and everything else at once."""

import subprocess
import sys

import pytest

PROGRAM = """
import os
from dataflows.lifecycle.panics import PanicFilter
held = PanicFilter()
os.write(2, b"a log line\\n")
os.write(2, b"\\nthread 'main' panicked at x.rs:1:\\nBox<dyn Any>\\n  0: backtrace\\n")
print("by Python", file=__import__("sys").stderr)
if {known}:
    held.drop()
"""


@pytest.mark.parametrize("known", [True, False])
def test_what_the_engine_prints_of_a_known_error_is_dropped(*, known: bool) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(known=known)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert "a log line" in done.stderr
    assert "by Python" in done.stderr
    assert ("backtrace" in done.stderr) is not known
