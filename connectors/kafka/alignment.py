"""Ends of epochs that drifted apart between the processes of a cluster, brought together again.

Every part of a source ends its epoch a fixed time after the last end and then waits for all others
to end theirs. A part that ends earlier than another one so pauses by their distance in every epoch,
for ever: one hiccup of 400 ms costs 400 ms an epoch from then on. What the early one has lost
anyway it can wait before its end as well as after it: then both end together.
"""

from collections.abc import Callable
from dataclasses import dataclass

MS = 1_000_000
NOTICED_NS = 20 * MS
"""A pause below this is none."""
SHARE = 0.8
"""How much of a pause is made up for at once: the other one may be making up for something, too."""
_MARGIN_NS = 20 * MS
"""So long before its end an epoch counts as at its end, for there may be no call until then."""
_LONGEST_REST = 64
"""Epochs without another try, after tries that were of no use."""


@dataclass
class Alignment:
    """That of one part.

    Args:
        epoch_ns: length of an epoch.
        monotonic_ns: clock.
        sleep_ns: waits.
    """

    epoch_ns: int
    monotonic_ns: Callable[[], int]
    sleep_ns: Callable[[int], None]
    _ended_ns: int | None = None
    _waiting: bool = False
    _owed_ns: int = 0
    _tried_ns: int = 0
    _rest: int = 0
    _longer_rest: int = 1

    def ended(self) -> None:
        """The part's epoch has ended: its snapshot is being taken."""
        self._ended_ns = self.monotonic_ns()
        self._waiting = True
        self._owed_ns = 0

    def before_read(self) -> bool:
        """To be called before each read; waits when the epoch is to end later.

        Returns:
            whether it has waited.
        """
        if self._ended_ns is None:
            return False
        now_ns = self.monotonic_ns()
        if self._waiting:
            self._waiting = False
            self._learn(now_ns - self._ended_ns)
        if not self._owed_ns:
            return False
        end_ns = self._ended_ns + self.epoch_ns
        if now_ns < end_ns - _MARGIN_NS:
            return False
        # Another part of the same thread may have waited already.
        left_ns = end_ns + self._owed_ns - now_ns
        self._tried_ns, self._owed_ns = self._owed_ns, 0
        if left_ns <= 0:
            return False
        self.sleep_ns(left_ns)
        return True

    def _learn(self, pause_ns: int) -> None:
        """Decide from the pause after an epoch what to do at the end of the next."""
        tried_ns, self._tried_ns = self._tried_ns, 0
        if pause_ns < NOTICED_NS:
            self._rest, self._longer_rest = 0, 1
            return
        if tried_ns and pause_ns > tried_ns / SHARE / 2:
            # Everyone pauses, for what has to be written at the end of an epoch.
            self._rest, self._longer_rest = (
                self._longer_rest,
                min(2 * self._longer_rest, _LONGEST_REST),
            )
        if self._rest:
            self._rest -= 1
            return
        self._owed_ns = int(SHARE * min(pause_ns, self.epoch_ns))
