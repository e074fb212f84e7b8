"""What the reader's clock says of Kafka timestamps, which a sender may set to anything.

Event times are judged against Kafka timestamps. Where both are ahead of the clock by which a
message is read, its timestamp counts as that clock, and the event moves no watermark. What the
clock said is kept in the journal, by offsets and before anything is made of the messages: so a
restart and a replay, whose clocks say something else, judge alike. Where nothing is kept, the
timestamps hold.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from operators.intake.decode import stamps_of
from operators.progress.board import Board
from tidegauge.batch import OFFSET, TIME, RawBatch

Times = npt.NDArray[np.int64]
LEAST_NS = 10_000_000_000
"""Clocks of different machines that agree to so much are not looked at."""
_MS = 1_000_000
_LATEST_MS = (2**63 - 2**60) // _MS


class Stamps(NamedTuple):
    """Kafka timestamps of the rows of a batch.

    Attributes:
        ms: what they count as, milliseconds.
        bounded: rows whose own are later than that.
    """

    ms: Times
    bounded: npt.NDArray[np.bool_]

    def of(self, rows: npt.NDArray[np.bool_]) -> "Stamps":
        """Those of some of the rows."""
        return Stamps(self.ms[rows], self.bounded[rows])


class ReadClock:
    """Holds the Kafka timestamps of one partition against the clock of its reader.

    Args:
        board: keeps what the clock said.
        source: name of the source.
        partition: number of the partition.

    Attributes:
        needed: whether the clock had to be kept for the last batch.
    """

    def __init__(self, board: Board, source: str, partition: int) -> None:
        self._board = board
        self._place = source, partition
        self.needed = False

    def stamps(self, frame: pl.DataFrame, raw: RawBatch, allowed_ns: int) -> Stamps | None:
        """Timestamps that the rows of a batch are judged by; None for their own.

        Args:
            frame: the rows.
            raw: the batch.
            allowed_ns: so far ahead of the clock event times may be.

        Raises:
            Retry: what the clock says was not kept in time.
            Stop: it cannot be kept.
        """
        self.needed = False
        highest = frame[TIME].max()
        if not isinstance(highest, int):
            return None
        known = list(self._board.read_at(*self._place, raw.offsets[0], raw.offsets[-1]))
        clock_ms, bound_ns = raw.read_ms, max(allowed_ns, LEAST_NS)
        if clock_ms is not None and highest > clock_ms * _MS + bound_ns:
            stamps = _bounded(frame, raw, known).ms
            ahead = (frame[TIME].to_numpy() > clock_ms * _MS + bound_ns) & (stamps > clock_ms)
            if ahead.any():
                rows = np.flatnonzero(ahead)
                first, last = (int(frame[OFFSET][int(row)]) for row in (rows[0], rows[-1]))
                self._board.keep_read_at(*self._place, first, last, clock_ms)
                self.needed = True
                known.append((first, last, clock_ms))
        return _bounded(frame, raw, known) if known else None


def _bounded(frame: pl.DataFrame, raw: RawBatch, known: list[tuple[int, int, int]]) -> Stamps:
    own = stamps_of(raw, frame)
    own = np.where(own < 0, _LATEST_MS, np.minimum(own, _LATEST_MS))
    stamps = own.copy()
    offsets = frame[OFFSET].to_numpy()
    for first, last, clock_ms in known:
        begin, end = np.searchsorted(offsets, [first, last + 1])
        stamps[begin:end] = np.minimum(stamps[begin:end], clock_ms)
    return Stamps(stamps, stamps < own)
