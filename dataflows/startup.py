"""The start of a flow: everything a person can put right is said in one line each, before any event is read."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tidegauge.errors import UserMistake

COULD_NOT_RUN = 2
"""Exit code of a flow that could not start."""

_draining = threading.Event()


@contextmanager
def one_line_errors() -> Iterator[None]:
    """End the process with the message of a `UserMistake` and exit code 2, without a traceback."""
    try:
        yield
    except UserMistake as mistake:
        sys.stderr.write(f"{mistake}\n")
        sys.stderr.flush()
        raise SystemExit(COULD_NOT_RUN) from None


def drain_on_signals() -> None:
    """On SIGTERM and SIGINT let every source end after its last batch, so that state is saved and sinks flush."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, lambda *_: _draining.set())
        signal.signal(signal.SIGINT, lambda *_: _draining.set())


def draining() -> bool:
    """Whether the process was asked to end."""
    return _draining.is_set()
