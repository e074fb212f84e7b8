"""Rows with a text that is too large are refused, as every message that cannot be used."""

from collections.abc import Collection

import numpy as np
import polars as pl

from operators.intake.dead_letters import Refused, refuse
from tidegauge.batch import OFFSET, RawBatch
from tidegauge.sizes import TOO_LARGE, Sizes


def within(
    sizes: Sizes,
    frame: pl.DataFrame,
    names: Collection[str],
    raw: RawBatch,
    refused: list[Refused],
) -> pl.DataFrame:
    """The rows whose texts are short enough; the others are refused.

    Args:
        sizes: what is allowed.
        frame: rows, with their offsets.
        names: columns that are looked at.
        raw: the messages that they are from.
        refused: gets the others.
    """
    reasons = sizes.large_rows(frame, names)
    if not reasons:
        return frame
    offsets = frame[OFFSET].to_numpy()[list(reasons)]
    positions = np.searchsorted(np.asarray(raw.offsets), offsets)
    refused.extend(
        refuse(raw, int(position), TOO_LARGE, reason)
        for position, reason in zip(positions, reasons.values(), strict=True)
    )
    kept = np.ones(frame.height, np.bool_)
    kept[list(reasons)] = False
    return frame.filter(pl.Series(kept))
