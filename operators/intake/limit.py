"""A limit on the share of a partition's messages that become dead letters.

A pipeline file that does not fit its topic would turn all of it into dead letters; past the limit
the flow stops instead. Messages are counted, not time, so that every run stops at the same one,
whatever the batches.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from operators.intake.clocks import Mover
from operators.intake.dead_letters import Refused
from tidegauge.batch import NO_TIME
from tidegauge.errors import UserMistake
from tidegauge.savedstate import saved_type
from tidegauge.texts import LINE_WIDTH, cut

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class LetterLimit:
    """How many dead letters are too many.

    Attributes:
        share: of the last `window` messages of a partition, or of all where there are fewer; 1 for
            no limit.
        window: number of messages that are looked at.
        least: so many dead letters among them there must be, too.
        declared: names the declarations that messages are judged by; the count begins anew where it
            has changed.
    """

    share: float = 0.5
    window: int = 10_000
    least: int = 1_000
    declared: str = ""


@saved_type
@dataclass(frozen=True, slots=True)
class LettersSeen:
    """Saved state: the dead letters among the last messages of a partition.

    Attributes:
        declared: what they were judged by.
        since: number of the first message that was counted.
        letters: numbers of the dead letters, ascending, as 64-bit integers.
        inherited_ns: the watermark when the count began anew; `NO_TIME` for none. What is late for
            it does not count: no correction of the declarations can take it back.
    """

    declared: str
    since: int
    letters: bytes = b""
    version: int = 2
    inherited_ns: int = NO_TIME


@dataclass(frozen=True, slots=True)
class Excess:
    """Where there were too many: `letters` among the last `messages`, the last at `position`."""

    position: int
    letters: int
    messages: int


class LetterCount:
    """Counts the dead letters of one partition.

    Args:
        limit: how many are too many.
        read: how many messages of the partition were read before.
        saved: where an earlier run stopped.
        watermark_ns: of the partition now; `NO_TIME` before any event.

    Attributes:
        limit: as given.
    """

    def __init__(
        self,
        limit: LetterLimit,
        read: int,
        saved: LettersSeen | None,
        watermark_ns: int = NO_TIME,
    ) -> None:
        self.limit = limit
        self._since = read
        self._letters: Numbers = np.zeros(0, np.int64)
        self._inherited_ns = NO_TIME if saved is None else watermark_ns
        if saved is not None and saved.declared == limit.declared:
            # A state of version 1 has no such attribute.
            self._inherited_ns = getattr(saved, "inherited_ns", NO_TIME)
            self._since = saved.since
            self._letters = np.frombuffer(saved.letters, np.int64)

    @property
    def state(self) -> LettersSeen:
        """State after the last batch."""
        letters, inherited_ns = self._letters.tobytes(), self._inherited_ns
        return LettersSeen(self.limit.declared, self._since, letters, inherited_ns=inherited_ns)

    def counts(self, letter: Refused) -> bool:
        """Whether a dead letter tells of the declarations that hold now."""
        return letter.awaited_ns is None or letter.awaited_ns > self._inherited_ns

    def count(self, read: int, positions: Sequence[int]) -> Excess | None:
        """Count the dead letters of a batch.

        Args:
            read: how many messages of the partition were read before the batch.
            positions: places of the dead letters in the batch, ascending.

        Returns:
            the first message with which there are too many.
        """
        if not positions:
            return None
        before = self._letters
        new = np.asarray(positions, np.int64) + read
        window = self.limit.window
        every = np.concatenate((before[before > new[0] - window], new))
        self._letters = every[every > new[-1] - window]
        # The share is greatest where a dead letter has just come.
        count = np.arange(1, every.size + 1) - np.searchsorted(every, every - window, side="right")
        messages = np.minimum(every - self._since + 1, window)
        over = (count >= self.limit.least) & (count > self.limit.share * messages)
        over[: every.size - new.size] = False
        if not over.any():
            return None
        first = int(over.argmax())
        return Excess(int(every[first]) - read, int(count[first]), int(messages[first]))


def too_many(
    where: str, limit: LetterLimit, excess: Excess, newest: Refused, mover: Mover | None = None
) -> UserMistake:
    """What ends the flow.

    Args:
        where: topic and partition.
        limit: what was allowed.
        excess: what there was.
        newest: the dead letter with which there were too many.
        mover: what it was late for, if it was.
    """
    culprit = f"; the watermark goes back to {mover}" if mover is not None else ""
    reason = cut(newest.reason, LINE_WIDTH)
    return UserMistake(
        f"kafka: {where}: {excess.letters} of the last {excess.messages} messages became dead"
        f" letters, up to offset {newest.offset} ({newest.kind}: {reason}{culprit}); allowed"
        f" is a share of {limit.share:g}, or fewer than {limit.least}: correct the pipeline file or"
        " what writes the topic, or raise dead_letters.limit, and start again, nothing is lost"
    )
