"""What leaves the flow: records in columns, all of one signal."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

TIME_NS = "time_ns"
"""Column of every record frame: point time in nanoseconds since the epoch (Int64)."""
NO_KEY = "(none)"
"""Text of a key that is null, wherever keys are texts."""
EMPTY_KEY = "(empty)"
"""Text of a key that is an empty text, where nothing would not be seen."""
KEYS = "_keys"
"""Column of frames whose rows have different key columns: the names of those of each, by lines."""


def key_text(part: Any) -> str:
    """How a key is told to a person, in a summary or on a terminal."""
    if part is None:
        return NO_KEY
    if isinstance(part, bool):
        return str(part).lower()
    return f"{part:.6g}" if isinstance(part, float) else str(part) or EMPTY_KEY


@dataclass(frozen=True, slots=True)
class RecordBatch:
    """Records of one signal.

    `signal` is a name in the pipeline's catalogue (`tidegauge.catalogue`); `frame` has the column
    `time_ns`, then the signal's tags and fields, by name. Null means: this record has no such tag
    or field.
    """

    signal: str
    frame: pl.DataFrame

    def __len__(self) -> int:
        return self.frame.height


@dataclass(frozen=True, slots=True)
class Tick:
    """How far a key group has come in event time; no record, but among records in their order.

    Attributes:
        signals: names of the record batches that it is about.
        group: name of the key group.
        passed_ns: all of their records up to this time were given; the end of time, at the end of
            a bounded run.
    """

    signals: frozenset[str]
    group: str
    passed_ns: int


def rest_of(signal: str) -> str:
    """What a tick about the sums of a window's small series is about, which come later."""
    return f"{signal} (rest)"


def passed_on(tick: Tick, made: Mapping[str, Collection[str]]) -> Tick | None:
    """The tick about what is made of the records that a tick is about; None where nothing is.

    Args:
        tick: how far these have come.
        made: names of what is made of each of them, at once.
    """
    pairs = [(of, one) for of, names in made.items() for one in names]
    signals = {one for of, one in pairs if of in tick.signals}
    signals |= {rest_of(one) for of, one in pairs if rest_of(of) in tick.signals}
    return Tick(frozenset(signals), tick.group, tick.passed_ns) if signals else None
