"""Ending a flow on SIGTERM and SIGINT, so that its state is saved."""

import os
import signal
import threading
from collections.abc import Callable

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_KILLED = 128
"""What a shell adds to a signal's number for the exit code of what it ended."""


class Drain:
    """Whether the process was asked to end.

    The first signal lets every source end after its last batch; then state is saved and the exit
    code is 0. It is told to the other processes of the cluster, too, for what is drained waits for
    them. A second one ends the process at once. So does the first one until the flow reads, as
    while it waits for the others to start: there is nothing to save.
    """

    def __init__(self) -> None:
        self._asked = threading.Event()
        self._signalled = False
        self._running = False
        self._listening = False
        self._tell_others: Callable[[], None] = lambda: None

    def __call__(self) -> bool:
        """Whether to end; sources ask before each read."""
        self._running = True
        return self._asked.is_set()

    def ask(self) -> None:
        """Let the sources end, as another process was told."""
        self._asked.set()

    def pause_ns(self, duration_ns: int) -> None:
        """Wait so long, but not once the process was asked to end."""
        self._asked.wait(duration_ns / 1e9)

    def share(self, tell_others: Callable[[], None]) -> None:
        """Say how the other processes of a cluster are told; they call `ask`."""
        self._tell_others = tell_others

    def on_signals(self) -> None:
        """Listen from now on. Only the main thread of a process can; elsewhere nothing changes.

        To be called again when all is imported: Polars takes SIGINT for itself.
        """
        if threading.current_thread() is not threading.main_thread():
            return
        if not self._listening:
            self._listening = True
            heard, told = os.pipe()
            os.set_blocking(told, False)
            signal.set_wakeup_fd(told, warn_on_full_buffer=False)
            threading.Thread(target=self._listen, args=[heard], name="drain", daemon=True).start()
        # Python's own handlers run between two steps of Python's main thread; while the engine
        # waits for other processes there are none.
        for number in _SIGNALS:
            signal.signal(number, lambda *_: None)
        # Whoever has started this process may have held them back until now.
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)

    def _listen(self, heard: int) -> None:
        while received := os.read(heard, 1):
            if received[0] in _SIGNALS:
                self._hear(received[0])

    def _hear(self, number: int) -> None:
        if self._signalled or not self._running:
            os._exit(_KILLED + number)
        self._signalled = True
        if not self._asked.is_set():
            self._asked.set()
            # Telling takes a while, and a second signal must be heard meanwhile.
            threading.Thread(target=self._tell_others, name="drain-others", daemon=True).start()


draining = Drain()
"""That of this process."""
