"""How much one window may hold in a key group, and what happens where that is not enough."""

from dataclasses import dataclass
from typing import Literal

OnFull = Literal["dead_letter", "drop_oldest"]


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of the state of one window in one key group.

    Attributes:
        max_keys: most keys that it holds at once.
        max_key_bytes: most bytes of the texts of these keys together.
        on_full: what becomes of a key too many: its events are refused, or the keys that had no
            event for longest are dropped with all that is held of them.
        ttl_ns: a key without an event for so long, in event time, is dropped; None for never.
    """

    max_keys: int = 250_000
    on_full: OnFull = "dead_letter"
    ttl_ns: int | None = None
    max_key_bytes: int = 67_108_864


DEFAULTS = Limits()
