"""One watermark over several sources whose events meet in the same windows."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from operators.progress.watermark import Watermark
from tidegauge.batch import END_OF_TIME, EventBatch, Progress
from tidegauge.journal import Floor

_APART = 2**20
"""More partitions than a topic has."""


class JoinedWatermark:
    """The minimum over the watermarks of several sources, hence over all of their partitions.

    Each source goes on as it would alone, with its own out-of-orderness and idle partitions. It
    stays where it is until all have been heard of. A source that is finished does not count.

    Args:
        by_source: watermark of each source.
    """

    def __init__(self, by_source: Mapping[str, Watermark]) -> None:
        self._by_source = dict(by_source)

    @property
    def value_ns(self) -> int:
        """Event time before which no on-time event of any of them will come any more."""
        return min(one.value_ns for one in self._by_source.values())

    @property
    def passed(self) -> tuple[int, ...]:
        """What it has come to; at the end of time, before that the highest of all sources."""
        if self.value_ns != END_OF_TIME:
            return (self.value_ns,)
        return max(one.passed[0] for one in self._by_source.values()), END_OF_TIME

    def observe(self, news: Progress | Floor) -> None:
        """Take the progress of one partition of one source, or a floor of it, into account.

        Raises:
            Stop: a run to the end of the topics closed everything, and now there is more.
        """
        self._by_source[news.source].observe(news)

    def snapshot(self) -> dict[str, Any]:
        """Everything a restart needs."""
        return {name: one.snapshot() for name, one in self._by_source.items()}


def watermark_over(
    sources: Sequence[str], snapshot: dict[str, Any] | None = None
) -> Watermark | JoinedWatermark:
    """The watermark of a step.

    Args:
        sources: where there are several, their names.
        snapshot: what an earlier run saved.
    """
    if not sources:
        return Watermark.restore(snapshot) if snapshot else Watermark()
    if not snapshot:
        return JoinedWatermark({name: Watermark() for name in sources})
    return JoinedWatermark({name: Watermark.restore(snapshot[name]) for name in sources})


def in_its_source(partition: int) -> int:
    """Number of a partition as its own source has it, `apart` or not."""
    return partition % _APART


def source_number(partition: int) -> int:
    """Number that `apart` was given; 0 for a partition that it has not moved."""
    return partition // _APART


def apart(news: EventBatch | Floor, number: int) -> EventBatch | Floor:
    """The same with another number of its partition, which no other source's partition has.

    So events of several sources have one order: time, then partition, then offset.

    Args:
        news: a batch of a source, or a floor of one of its partitions.
        number: number of the source among those that are joined.
    """
    if isinstance(news, Floor):
        return replace(news, partition=news.partition + number * _APART)
    progress = news.progress
    moved = replace(progress, partition=progress.partition + number * _APART)
    return replace(news, progress=moved)
