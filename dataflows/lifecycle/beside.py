"""Threads beside the flow: where one dies, the flow ends and tells of what."""

import threading
from collections.abc import Callable

import structlog

from dataflows.lifecycle.drain import draining
from tidegauge.errors import TidegaugeError

_LONG = 5
"""How often a sink must say that it waits; a fraction of a second lies between."""
_LOG = structlog.get_logger("tidegauge")


class Beside:
    """Whether the process was asked to end, and whether all that runs beside the flow still does.

    A table that nobody keeps current any more, or a topic that nobody watches, gives wrong results
    without a word.

    Args:
        asked: whether the process was asked to end.
    """

    def __init__(self, asked: Callable[[], bool]) -> None:
        self._asked = asked
        self._died: BaseException | None = None
        self._waited = 0

    def watch(self) -> None:
        """Hear of every thread of this process that dies, from now on."""
        threading.excepthook = self.died

    def died(self, dead: threading.ExceptHookArgs) -> None:
        """Note what a thread has died of; the first counts."""
        if self._died is None and dead.exc_value is not None:
            self._died = dead.exc_value
            if not isinstance(dead.exc_value, TidegaugeError):
                name = dead.thread.name if dead.thread is not None else "unknown"
                fault = RuntimeError(f"thread {name!r}, which runs beside the flow, has died")
                fault.__cause__ = dead.exc_value
                self._died = fault

    def __call__(self) -> bool:
        """Whether to end; sources ask before each read.

        Raises:
            Exception: what a thread has died of.
        """
        if self._asked():
            return True
        if self._died is not None:
            raise self._died
        return False

    def waits(self, why: str) -> None:
        """Hear, again and again, of a sink that waits for its server; once it is told.

        Args:
            why: what it waits for.

        Raises:
            Exception: what a thread has died of. A process that was asked to end still saves its
                state if that does not take long.
        """
        if self._asked():
            self._waited += 1
            if self._waited < _LONG:
                return
            if self._waited == _LONG and self._died is None:
                _LOG.warning(
                    "asked to end, which waits for a sink; a second signal ends at once", reason=why
                )
        if self._died is not None:
            raise self._died


beside = Beside(draining)
"""That of this process."""
