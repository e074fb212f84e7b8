"""Progress of all partitions, told to every process of the flow."""

import time
from collections.abc import Callable, Iterable

import bytewax.operators as op
from bytewax.dataflow import Stream, operator
from bytewax.operators import KeyedStream, StatefulBatchLogic

from operators.progress.journaled import JournaledBoard
from tidegauge.batch import EventBatch, PartitionState, Progress

LISTENERS = (
    *("g101", "g62", "g19", "g45", "g112", "g74", "g32", "g109", "g95", "g159"),
    *("g177", "g29", "g103", "g107", "g7", "g47", "g8", "g194", "g28", "g1"),
)
"""Keys of which the engine routes at least one to each of up to so many workers."""
MOST_LISTENING = 16
PERIOD_NS = 100_000_000
"""Least time between two messages about an active partition."""


class _Teller:
    """Passes on the progress of partitions, not more often than is of use.

    What an active partition does not tell is told at the latest when it becomes idle. Every change
    of its state, or of the number of partitions, is told.
    """

    def __init__(self, monotonic_ns: Callable[[], int]) -> None:
        self._monotonic_ns = monotonic_ns
        self._told: dict[int, tuple[int, tuple[PartitionState, int] | None]] = {}

    def __call__(self, batches: list[EventBatch]) -> Iterable[tuple[str, Progress]]:
        now_ns = self._monotonic_ns()
        for progress in _changes(batches):
            at_ns, told = self._told.get(progress.partition, (now_ns, None))
            about = progress.state, progress.partitions
            if about == told and now_ns < at_ns + PERIOD_NS:
                continue
            self._told[progress.partition] = now_ns, about
            for listener in LISTENERS:
                yield listener, progress


def _changes(batches: list[EventBatch]) -> list[Progress]:
    """The last progress of each partition, and the last before each change of what is told."""
    found: dict[int, list[Progress]] = {}
    for progress in (batch.progress for batch in batches):
        own = found.setdefault(progress.partition, [])
        if own and (own[-1].state, own[-1].partitions) == (progress.state, progress.partitions):
            own.pop()
        own.append(progress)
    return [progress for own in found.values() for progress in own]


class _Listener(StatefulBatchLogic[Progress, None, None]):
    """Tells the board of its process."""

    def __init__(self, board: JournaledBoard) -> None:
        self._board = board

    def on_batch(self, values: list[Progress]) -> tuple[Iterable[None], bool]:
        for progress in values:
            self._board.hear(progress)
        return (), self.RETAIN

    def snapshot(self) -> None:
        return None


@operator
def tell_progress(
    step_id: str,  # noqa: ARG001 - names the scope of the steps inside
    up: Stream[EventBatch],
    board: JournaledBoard,
    monotonic_ns: Callable[[], int] = time.monotonic_ns,
) -> KeyedStream[None]:
    """Let the board of every process hear of the partitions that other processes read.

    A flow of more than 16 workers may have a process that hears nothing; its idle partitions then
    hold the watermark back.

    Args:
        step_id: unique name of the step.
        up: event batches of one source.
        board: that of this process.
        monotonic_ns: clock that says how often.

    Returns:
        nothing ever.
    """
    told = op.flat_map_batch("tell", up, _Teller(monotonic_ns))
    return op.stateful_batch("hear", told, lambda _: _Listener(board))
