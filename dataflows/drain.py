"""Ending a flow on SIGTERM and SIGINT, so that its state is saved."""

import os
import signal
import threading

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_KILLED = 128
"""What a shell adds to a signal's number for the exit code of what it ended."""


class Drain:
    """Whether the process was asked to end.

    The first signal lets every source end after its last batch; then state is saved and the exit
    code is 0. A second one ends the process at once, for what is drained waits for the other
    processes of its cluster, who may not have been asked. So does the first one while the flow
    waits for them to start: there is nothing to save.
    """

    def __init__(self) -> None:
        self._asked = threading.Event()
        self._running = False

    def __call__(self) -> bool:
        """Whether to end; sources ask before each read."""
        self._running = True
        return self._asked.is_set()

    def on_signals(self) -> None:
        """Listen from now on. Only the main thread of a process can; elsewhere nothing changes."""
        if threading.current_thread() is not threading.main_thread():
            return
        heard, told = os.pipe()
        os.set_blocking(told, False)
        # Python's own handlers run between two steps of Python's main thread; while the engine
        # waits for other processes there are none.
        for number in _SIGNALS:
            signal.signal(number, lambda *_: None)
        signal.set_wakeup_fd(told, warn_on_full_buffer=False)
        threading.Thread(target=self._listen, args=[heard], name="drain", daemon=True).start()

    def _listen(self, heard: int) -> None:
        while received := os.read(heard, 1):
            if received[0] in _SIGNALS:
                self._ask(received[0])

    def _ask(self, number: int) -> None:
        if self._asked.is_set() or not self._running:
            os._exit(_KILLED + number)
        self._asked.set()


draining = Drain()
"""That of this process."""
