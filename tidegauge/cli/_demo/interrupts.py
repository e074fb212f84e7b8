"""Being asked to end, without being torn out of the middle of something."""

import signal
from types import FrameType
from typing import Self


class Interrupts:
    """Within its block, Ctrl-C and the like are only noted: whoever can end cleanly asks for them.

    An exception at any moment could come between the start of a process and the note of it. A
    hang-up stays ignored where it is, as under nohup.
    """

    def __init__(self) -> None:
        self._asked = False
        self._before = {
            sign: signal.getsignal(sign)
            for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
            if sign is not signal.SIGHUP or signal.getsignal(sign) is not signal.SIG_IGN
        }

    def raise_if_any(self) -> None:
        """Go on only if nobody asked to end.

        Raises:
            KeyboardInterrupt: somebody did.
        """
        if self._asked:
            raise KeyboardInterrupt

    def _note(self, _sign: int, _frame: FrameType | None) -> None:
        self._asked = True

    def __enter__(self) -> Self:
        for sign in self._before:
            signal.signal(sign, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        for sign, handler in self._before.items():
            signal.signal(sign, handler)
