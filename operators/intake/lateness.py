"""On time, correction or dead: decided once, where it is a property of the partition's log."""

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
    """
    if not times.size:
        empty = np.zeros(0, np.bool_)
        return Judged(empty, empty, times, high_ns)
    moving = times if moving is None else moving
    start = moving[0] if high_ns == NO_TIME else high_ns
    highs = np.maximum.accumulate(np.concatenate(([start], moving)))
    awaited = np.maximum(highs[:-1] - out_of_orderness_ns, floor_ns)
    on_time = times >= awaited
    # The difference of two event times may not fit 64 bits; a limit of each does.
    correction = ~on_time & (times >= awaited - lateness_ns)
    return Judged(on_time, correction, awaited, int(highs[-1]))
