"""What the engine prints of an error that a step has raised, held back until it is known whose."""

import atexit
import faulthandler
import os
import re
import select
import sys
from contextlib import suppress
from threading import Event, Thread

_PANIC = re.compile(rb"^\n?thread '", re.MULTILINE)
"""How it begins; what follows may come in pieces."""
_UNDECIDED_S = 5.0
"""So long is held back what nobody has decided on."""
_CHUNK = 65_536


class PanicFilter:
    """Takes the place of the process's standard error for all but Python itself.

    The engine prints a backtrace of its own for every error that a step raises, before anybody can
    catch it: a page that hides the one line a person needs. What comes from the first of them on is
    held back until `drop` or the end of the process; everything else goes on at once.

    A process that is aborted cannot give what is held back any more. Where it was is told then,
    past this filter, so that it does not end without a word.
    """

    def __init__(self) -> None:
        self._real = os.dup(2)
        self._source, told = os.pipe()
        os.dup2(told, 2)
        os.close(told)
        sys.stderr = os.fdopen(self._real, "w", buffering=1, closefd=False)
        faulthandler.enable(self._real)
        self._held = b""
        self._dropped = Event()
        self._thread = Thread(target=self._forward, name="stderr", daemon=True)
        self._thread.start()
        atexit.register(self.close)

    def drop(self) -> None:
        """Forget what is held back, and what else comes: it is about an error that is known."""
        self._dropped.set()

    def close(self) -> None:
        """Give standard error back; what is still held back is printed."""
        os.dup2(self._real, 2)
        self._thread.join(_UNDECIDED_S)

    def _forward(self) -> None:
        """Pass on what comes, until all writers of the pipe are gone."""
        while True:
            ready, _, _ = select.select(
                [self._source], [], [], _UNDECIDED_S if self._held else None
            )
            chunk = os.read(self._source, _CHUNK) if ready else b""
            if chunk:
                self._take(chunk)
                continue
            self._release()
            if ready:
                return

    def _take(self, chunk: bytes) -> None:
        begin = _PANIC.search(chunk) if not self._held else None
        if not self._held:
            passed = chunk[: begin.start()] if begin else chunk
            self._write(passed)
            chunk = chunk[len(passed) :]
        self._held += chunk

    def _release(self) -> None:
        if not self._dropped.is_set():
            self._write(self._held)
        self._held = b""

    def _write(self, chunk: bytes) -> None:
        # Where nobody reads any more, the flow must not wait for a pipe that nobody empties.
        with suppress(OSError):
            os.write(self._real, chunk)
