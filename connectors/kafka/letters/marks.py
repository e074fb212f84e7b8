"""Marks of letters that were handled, in a compacted topic: the key is the letter's id."""

from dataclasses import dataclass
from enum import StrEnum

import orjson
from confluent_kafka import Message

from connectors.kafka.letters.letter import Spot


class State(StrEnum):
    """What became of a letter."""

    OPEN = "open"
    REDRIVEN = "redriven"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Mark:
    """What was done with a letter.

    Attributes:
        id: of the letter.
        state: `REDRIVEN` or `DROPPED`.
        at_ms: when, milliseconds since the epoch.
        attempt: number of the attempt that was begun by sending the message again.
        origin: where the message was at its first attempt.
        sent: where it was sent to, each time.
    """

    id: str
    state: State
    at_ms: int
    attempt: int = 1
    origin: str = ""
    sent: tuple[Spot, ...] = ()


def encode_mark(mark: Mark) -> bytes:
    """A mark's value."""
    return orjson.dumps(
        {
            "id": mark.id,
            "state": mark.state.value,
            "at_ms": mark.at_ms,
            "attempt": mark.attempt,
            "origin": mark.origin,
            "sent": [list(spot) for spot in mark.sent],
        }
    )


def read_mark(message: Message) -> Mark | None:
    """The mark of a message; None for what is none."""
    try:
        found = orjson.loads(message.value() or b"")
        sent = tuple(Spot(*spot) for spot in found["sent"])
        return Mark(
            found["id"],
            State(found["state"]),
            found["at_ms"],
            found["attempt"],
            found["origin"],
            sent,
        )
    except (ValueError, TypeError, KeyError):
        return None
