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
        quarantines: whether the partition is put into quarantine then, and the flow goes on.
    """

    share: float = 0.5
    window: int = 10_000
    least: int = 1_000
    declared: str = ""
    quarantines: bool = False


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
        quarantined: whether the partition is in quarantine.
    """

    declared: str
    since: int
    letters: bytes = b""
    version: int = 3
    inherited_ns: int = NO_TIME
    quarantined: bool = False


@dataclass(frozen=True, slots=True)
class Excess:
    """Where there were too many: `letters` among the last `messages`, the last at `position`."""

    position: int
    letters: int
    messages: int


@dataclass(frozen=True, slots=True)
class Span:
    """Messages of a batch that are in quarantine.

    Attributes:
        start: place of the first.
        stop: place behind the last.
        excess: what put the partition there; None where it was there before.
        ended: whether it is out of it then.
    """

    start: int
    stop: int
    excess: Excess | None
    ended: bool


class LetterCount:
    """Counts the dead letters of one partition.

    Args:
        limit: how many are too many.
        read: how many messages of the partition were read before.
        saved: where an earlier run stopped.
        watermark_ns: of the partition now; `NO_TIME` before any event.

    Attributes:
        limit: as given.
        quarantined: whether the partition is in quarantine.
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
        self.quarantined = False
        if saved is not None and saved.declared == limit.declared:
            # States of earlier versions have no such attributes.
            self._inherited_ns = getattr(saved, "inherited_ns", NO_TIME)
            self.quarantined = getattr(saved, "quarantined", False)
            self._since = saved.since
            self._letters = np.frombuffer(saved.letters, np.int64)

    @property
    def state(self) -> LettersSeen:
        """State after the last batch."""
        return LettersSeen(
            self.limit.declared,
            self._since,
            self._letters.tobytes(),
            inherited_ns=self._inherited_ns,
            quarantined=self.quarantined,
        )

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
        return self._excess(every, int(new[0]), read)

    def spans(self, read: int, positions: Sequence[int], size: int) -> list[Span]:
        """Count the dead letters of a batch; its messages that are in quarantine.

        The partition gets out of it where less than half of what is allowed is left of the dead
        letters among the last messages.

        Args:
            read: how many messages of the partition were read before the batch.
            positions: places of the dead letters in the batch, ascending.
            size: how many messages the batch has.
        """
        if not positions and not self.quarantined:
            return []
        before, end, window = self._letters, read + size, self.limit.window
        new = np.asarray(positions, np.int64) + read
        every = np.concatenate((before[before > read - window], new))
        self._letters = every[every >= end - window]
        found: list[Span] = []
        at, excess = read, None
        while at < end:
            if not self.quarantined:
                excess = self._excess(every, at, read)
                if excess is None:
                    break
                self.quarantined, at = True, read + excess.position + 1
            stop = self._calm(every, at, end)
            self.quarantined = stop is None
            found.append(Span(at - read, (stop or end) - read, excess, stop is not None))
            at, excess = end if stop is None else stop, None
        return found

    def _excess(self, every: Numbers, since: int, read: int) -> Excess | None:
        """The first message, from one on, with which there are too many of these dead letters."""
        window = self.limit.window
        # The share is greatest where a dead letter has just come.
        count = np.arange(1, every.size + 1) - np.searchsorted(every, every - window, side="right")
        messages = np.minimum(every - self._since + 1, window)
        over = (count >= self.limit.least) & (count > self.limit.share * messages)
        over[: np.searchsorted(every, since)] = False
        if not over.any():
            return None
        first = int(over.argmax())
        return Excess(int(every[first]) - read, int(count[first]), int(messages[first]))

    def _calm(self, every: Numbers, at: int, end: int) -> int | None:
        """The first message, from one on, with which there are few enough again."""
        numbers, window = np.arange(at, end, dtype=np.int64), self.limit.window
        upto = np.searchsorted(every, numbers, side="right")
        count = upto - np.searchsorted(every, numbers - window, side="right")
        messages = np.minimum(numbers - self._since + 1, window)
        calm = (2 * count < self.limit.least) | (2 * count <= self.limit.share * messages)
        return at + int(calm.argmax()) if calm.any() else None


def too_many(
    where: str, limit: LetterLimit, excess: Excess, newest: Refused, mover: Mover | None = None
) -> UserMistake:
    """What ends the flow, or puts the partition into quarantine.

    Args:
        where: topic and partition.
        limit: what was allowed.
        excess: what there was.
        newest: the dead letter with which there were too many.
        mover: what it was late for, if it was.
    """
    culprit = f"; the watermark goes back to {mover}" if mover is not None else ""
    if limit.quarantines:
        do = (
            "the partition is in quarantine, and the flow goes on: until it is over, one letter"
            " tells of all that is refused within 1,000 offsets; see tidegauge dlq"
        )
    else:
        do = (
            "correct the pipeline file or what writes the topic, raise dead_letters.limit, or go on"
            " without what is refused by dead_letters.on_limit: quarantine, and start again,"
            " nothing is lost"
        )
    reason = cut(newest.reason, LINE_WIDTH)
    return UserMistake(
        f"kafka: {where}: {excess.letters} of the last {excess.messages} messages became dead"
        f" letters, up to offset {newest.offset} ({newest.kind}: {reason}{culprit}); allowed"
        f" is a share of {limit.share:g}, or fewer than {limit.least}: {do}"
    )
