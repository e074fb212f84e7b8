"""On time, correction or dead: decided once, where it is a property of the partition's log."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tidegauge.batch import NO_TIME

Times = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Judged:
    """Verdict on each event of a batch.

    Attributes:
        on_time: not below what was awaited.
        correction: below it, by at most the allowed lateness; the others are dead.
        awaited_ns: watermark of the partition before each event.
        high_ns: highest event time of the partition after the batch.
    """

    on_time: Mask
    correction: Mask
    awaited_ns: Times
    high_ns: int


def judge(
    times: Times,
    *,
    high_ns: int,
    floor_ns: int | Times,
    out_of_orderness_ns: int,
    lateness_ns: int,
    moving: Times | None = None,
    changes: Sequence[tuple[int, int]] = (),
) -> Judged:
    """Compare each event with the highest event time before it in its own partition.

    An event is on time when it lies at most the out-of-orderness behind that, a correction when at
    most the allowed lateness further, dead otherwise.

    Args:
        times: event times of a batch in offset order, nanoseconds.
        high_ns: highest event time of the partition before the batch, or `NO_TIME`.
        floor_ns: watermark that passed while the partition was idle, or `NO_TIME`; one for all
            events, or one for each.
        out_of_orderness_ns: from the pipeline file.
        lateness_ns: from the pipeline file.
        moving: event time that each event counts with as the highest; `times` unless said.
        changes: positions in the batch from which another out-of-orderness holds, and that; what
            was awaited before a change has passed, and is a floor from there on.
    """
    if not times.size:
        empty = np.zeros(0, np.bool_)
        return Judged(empty, empty, times, high_ns)
    moving = times if moving is None else moving
    start = moving[0] if high_ns == NO_TIME else high_ns
    highs = np.maximum.accumulate(np.concatenate(([start], moving)))
    awaited = highs[:-1] - out_of_orderness_ns
    passed_ns, bound_ns = NO_TIME, out_of_orderness_ns
    for position, next_ns in changes:
        before_ns = high_ns if not position else int(highs[position])
        passed_ns = max(passed_ns, awaited_after(before_ns, bound_ns))
        awaited[position:] = np.maximum(highs[position:-1] - next_ns, passed_ns)
        bound_ns = next_ns
    awaited = np.maximum(awaited, floor_ns)
    on_time = times >= awaited
    # The difference of two event times may not fit 64 bits; a limit of each does.
    correction = ~on_time & (times >= awaited - lateness_ns)
    return Judged(on_time, correction, awaited, int(highs[-1]))


def awaited_after(high_ns: int, out_of_orderness_ns: int) -> int:
    """What events are judged against after this highest event time; `NO_TIME` before any."""
    return high_ns - out_of_orderness_ns if high_ns != NO_TIME else NO_TIME
