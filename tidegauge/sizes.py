"""How large a message, the texts in it and its keys may be; what is larger is refused.

What counts is bytes of UTF-8. Nothing is cut: a key or a value that was cut would be another one.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import polars as pl

from tidegauge.spec.models import MessageLimits

TOO_LARGE = "too_large"
"""Kind of dead letters about messages that exceed one of the limits."""


@dataclass(frozen=True)
class Sizes:
    """The limits of one source or table.

    Attributes:
        limits: as declared.
        where: path of the limits in the pipeline file.
        held: columns whose texts are held as long as their series: keys, and what `top` counts.
    """

    limits: MessageLimits = field(default_factory=MessageLimits)
    where: str = "limits"
    held: Collection[str] = ()

    def large_messages(
        self, payloads: Sequence[bytes | None], largest: int | None = None
    ) -> dict[int, str]:
        """Positions of messages that are too large, and why.

        Args:
            payloads: the messages.
            largest: none of them is larger, if that is known.
        """
        most = self.limits.message_bytes
        if largest is not None and largest <= most:
            return {}
        sizes = [0 if payload is None else len(payload) for payload in payloads]
        if max(sizes, default=0) <= most:
            return {}
        return {
            position: self._reason("the message", size, "message_bytes", most)
            for position, size in enumerate(sizes)
            if size > most
        }

    def large_keys(self, keys: Sequence[bytes]) -> dict[int, str]:
        """Positions of messages whose own keys are too large, and why."""
        most = self.limits.key_bytes
        return {
            position: self._reason("the message's key", len(key), "key_bytes", most)
            for position, key in enumerate(keys)
            if len(key) > most
        }

    def large_rows(self, frame: pl.DataFrame, names: Collection[str]) -> dict[int, str]:
        """Rows of a frame with a text that is too large in one of these columns, and why."""
        reasons: dict[int, str] = {}
        for name in names:
            limit = "key_bytes" if name in self.held else "text_bytes"
            most = getattr(self.limits, limit)
            sizes = frame[name].str.len_bytes()
            longest = sizes.max()
            if isinstance(longest, int) and longest > most:
                for row in (sizes > most).arg_true().to_list():
                    reasons.setdefault(row, self._reason(name, sizes[row], limit, most))
        return reasons

    def _reason(self, what: str, size: int, limit: str, most: int) -> str:
        return f"{what} has {size:,} bytes, allowed are {most:,} ({self.where}.{limit})"


def texts_in(frame: pl.DataFrame) -> list[str]:
    """The columns of a frame that hold texts."""
    return [name for name, dtype in frame.schema.items() if dtype == pl.String]


def without_large(payloads: list[bytes | None], large: Collection[int]) -> list[bytes | None]:
    """The messages with nothing, which no codec can read, in place of those that are too large."""
    if not large:
        return payloads
    return [b"" if at in large else payload for at, payload in enumerate(payloads)]
