"""How far a part of an exactly-once output has come, as the engine saves it."""

from collections.abc import Mapping
from typing import NamedTuple

Offsets = Mapping[tuple[str, int], int]
"""Next offset to read of each topic and partition."""


class OutputPosition(NamedTuple):
    """What a restart needs to know of the messages that were committed.

    Attributes:
        offsets: all messages of the part below these were committed by what is saved; those from
            there on, by an epoch that is run again.
        repeated: identities of committed messages that the run is still to make again.
        version: of this format.
    """

    offsets: Offsets
    repeated: frozenset[bytes] = frozenset()
    version: int = 1
