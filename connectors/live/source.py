"""Where a feed gets its records from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from tidegauge.records import RecordBatch


@dataclass(frozen=True, slots=True)
class Poll:
    """What a source has that the feed does not have yet.

    Attributes:
        records: new and overwritten records, older ones first within a signal.
        reset: whether they replace all that came before.
        dead_letters: number of all refused records by kind; None when it has not changed.
        trouble: why there are no records, for a person; empty when all is well.
    """

    records: Sequence[RecordBatch] = ()
    reset: bool = False
    dead_letters: Mapping[str, int] | None = None
    trouble: str = ""


class FeedSource(Protocol):
    """Records for a feed, polled from one thread: a store that grows, or a flow in this process."""

    def poll(self) -> Poll | None:
        """What has changed since the call before, or None; the first call gives the newest records.

        It may wait for a disk or a server, but not for records, and raises nothing that a later
        call may put right: that is `Poll.trouble`.
        """

    def close(self) -> None:
        """Release what it holds."""
