"""The level that an event says of itself: a whole number from 1 to 10, and nothing else.

Whoever may write a message may write anything there. What is no level is as if it were absent, so
that it makes no alert and no series of its own, and it is counted.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from tidegauge.batch import OFFSET

ALERT_LEVEL = "alert_level"
"""Field of an event that says itself how urgent it is; read from every message, absent means 0."""
HIGHEST = 10
_ALLOWED = "allowed is a whole number from 1 to 10"


def read_levels(
    frame: pl.DataFrame, aside: Mapping[str, Sequence[int]], *, declared: bool
) -> tuple[pl.DataFrame, list[int]]:
    """The decoded rows, with levels only, and the offsets of those that had something else.

    Args:
        frame: the rows.
        aside: rows of which the codec left a value aside, by column.
        declared: whether the pipeline file declares the field: then its values stay as they are.
    """
    if ALERT_LEVEL not in frame.columns:
        return frame, []
    rows = [*aside.get(ALERT_LEVEL, ()), *_wrong(frame[ALERT_LEVEL])]
    if not rows:
        return frame, []
    offsets = sorted(frame[OFFSET].gather(rows).to_list())
    if declared:
        return frame, offsets
    return frame.with_columns(frame[ALERT_LEVEL].scatter(rows, None)), offsets


def wrong_levels(frame: pl.DataFrame) -> list[int]:
    """Offsets of the events whose level is none, however it was made."""
    if ALERT_LEVEL not in frame.columns:
        return []
    return frame[OFFSET].gather(_wrong(frame[ALERT_LEVEL])).to_list()


def told(where: str, offset: int) -> str:
    """A line about an event whose level is none."""
    return (
        f"{where}: offset {offset}: {ALERT_LEVEL} is no level, {_ALLOWED}: it makes no alert, and"
        " the field odd_levels of the signal flow tells how many there were (told once)"
    )


def _wrong(levels: pl.Series) -> list[int]:
    # Of most batches nothing has a level; 0 says that an event has none.
    if levels.null_count() == levels.len() or not levels.dtype.is_integer():
        return []
    values = levels.fill_null(0).to_numpy()
    found: list[int] = np.flatnonzero((values < 0) | (values > HIGHEST)).tolist()
    return found
