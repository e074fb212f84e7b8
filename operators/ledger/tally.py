"""What became of the messages of a batch, by the ranges of offsets that they lie in."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from operators.intake.dead_letters import Refused
from tidegauge.batch import OFFSET, RANGE, Counts, RawBatch, Tally

Offsets = npt.NDArray[np.int64]


def tallies(
    raw: RawBatch,
    counts: Counts,
    decoded: pl.DataFrame,
    kept: tuple[pl.DataFrame, pl.DataFrame],
    refused: Sequence[Refused],
    late: str,
) -> tuple[Tally, ...]:
    """A tally for each range that the batch touches, mostly one.

    Args:
        raw: the messages, in offset order.
        counts: what became of all of them.
        decoded: those that could be read.
        kept: events on time, and corrections.
        refused: dead letters.
        late: kind of those that came past the allowed lateness.
    """
    if not len(raw.offsets):
        return ()
    first, last = raw.offsets[0], raw.offsets[-1]
    if first // RANGE == last // RANGE:
        return (Tally(first // RANGE, first, last + 1, _begun_ms(raw, 0), counts),)
    on_time, corrections = (frame[OFFSET].to_numpy() for frame in kept)
    readable = decoded[OFFSET].to_numpy()
    dead = _sorted(one.offset for one in refused)
    too_late = _sorted(one.offset for one in refused if one.kind == late)
    found = np.searchsorted(readable, dead), np.searchsorted(readable, dead, side="right")
    judged = dead[found[0] < found[1]]
    made = []
    for number in range(first // RANGE, last // RANGE + 1):
        edges = number * RANGE, (number + 1) * RANGE
        begin, end = (bisect_left(raw.offsets, edge) for edge in edges)
        if begin == end:
            continue
        within = _within(*edges)
        counted = within(on_time), within(corrections)
        filtered = within(readable) - sum(counted) - within(judged)
        fates = Counts(end - begin, *counted, filtered, within(dead), within(too_late))
        span = raw.offsets[begin], raw.offsets[end - 1] + 1
        made.append(Tally(number, *span, _begun_ms(raw, begin), fates))
    return tuple(made)


def _begun_ms(raw: RawBatch, position: int) -> int:
    """When the range of a message was first read; where nobody knows, the Kafka timestamp."""
    return raw.begun_ms.get(raw.offsets[position] // RANGE, raw.appended_ms[position])


def _within(low: int, high: int) -> Callable[[Offsets], int]:
    def count(offsets: Offsets) -> int:
        begin, end = np.searchsorted(offsets, [low, high])
        return int(end - begin)

    return count


def _sorted(offsets: Iterable[int]) -> Offsets:
    return np.sort(np.fromiter(offsets, np.int64))
