"""What all sinks of records have in common as Bytewax sees them."""

from abc import abstractmethod
from collections.abc import Callable

from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition

from tidegauge.records import RecordBatch

Waits = Callable[[str], None]
"""Hears what a part waits for, again and again while it does; what it raises ends the waiting."""
PARTS = 4
"""Parts of a sink unless said otherwise: so many workers can write to it at once."""


def unheard(_: str) -> None:
    """Where nobody is told of waiting."""


class RecordPart(StatefulSinkPartition[RecordBatch, None]):
    """One part of a sink: what it was given is stored when `snapshot` returns, if not before.

    It has no position: a record's identity comes from its content, so that what is written again
    after a restart overwrites itself.
    """

    def snapshot(self) -> None:
        """Nothing needs to be remembered."""


class RecordSink(FixedPartitionedSink[RecordBatch, None]):
    """A sink of items `(key group, RecordBatch)`.

    The part of a key group is Bytewax's own choice, the Adler-32 of the group's name: the same in
    every process and run.

    Args:
        parts: number of parts.
    """

    def __init__(self, parts: int = PARTS) -> None:
        self._parts = parts

    def list_parts(self) -> list[str]:
        """Every worker can have any part."""
        return [f"{number:02d}" for number in range(self._parts)]

    @abstractmethod
    def build_part(self, step_id: str, for_part: str, resume_state: None) -> RecordPart:
        """Make a part; it opens its connection."""
