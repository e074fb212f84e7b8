"""How far a part of an exactly-once output has come, as the engine saves it."""

from collections.abc import Mapping
from typing import NamedTuple

from tidegauge.savedstate import saved_type

Offsets = Mapping[tuple[str, int], int]
"""Next offset to read of each topic and partition."""


@saved_type
class OutputPosition(NamedTuple):
    """What a restart needs to know of the messages that were committed.

    Attributes:
        offsets: all messages of the part below these were committed by what is saved; those from
            there on, by an epoch that is run again.
        repeated: identities of committed messages that the run is still to make again.
        version: of this format; one of version 1 has no `topics`, one of version 2 no `sources`.
        topics: what tells each topic from others of its name; offsets are of these.
        sources: the same of the source topics that the marker of the part knows.
    """

    offsets: Offsets
    repeated: frozenset[bytes] = frozenset()
    version: int = 3
    topics: Mapping[str, str] = {}
    sources: Mapping[str, str] = {}


def of_same_topics(
    offsets: Offsets, saved: Mapping[str, str], now: Mapping[str, str]
) -> dict[tuple[str, int], int]:
    """Offsets without those of topics that were made anew: all in these is of later.

    Args:
        offsets: as they were saved.
        saved: what told the topics from others of their names then; not all need be known.
        now: the same now.
    """
    return {
        place: offset
        for place, offset in offsets.items()
        if saved.get(place[0], now.get(place[0])) == now.get(place[0])
    }
