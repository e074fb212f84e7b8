"""A source that also reads partitions which its topic gets while the flow runs.

The engine keeps the parts of a source from its start on. So a partition that comes later is read by
one of those that are there, and saved in its position; the journal says by which one, and at each
later start it is read by that one again.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition

from connectors.kafka.source import KafkaPartition, KafkaSource, Position
from tidegauge.batch import EventBatch
from tidegauge.journal import PartitionJournal

Adopt = Callable[[], Iterable[tuple[int, KafkaPartition]]]
"""Gives partitions that have come, with their numbers."""


class GrowingSource(FixedPartitionedSource[EventBatch, Position]):
    """Event batches of all partitions of a topic, also of those to come.

    Args:
        source: reads them; `KafkaSource.grow` tells it that there are more.
        topic: the topic.
        partitions: how many it has now.
        journal_of: makes the journal of a partition.
        adopted: tells, once the journal has been read, which partitions the part of another one
            reads, and the number of that.
    """

    def __init__(
        self,
        source: KafkaSource,
        topic: str,
        partitions: int,
        journal_of: Callable[[int], PartitionJournal],
        adopted: Callable[[], Mapping[int, int]],
    ) -> None:
        self._source = source
        self._topic = topic
        self._partitions = partitions
        self._journal_of = journal_of
        self._adopted = adopted

    def list_parts(self) -> list[str]:
        """Topic and number of each partition that is read by a part of its own."""
        return [f"{self._topic}-{number}" for number in self._listed()]

    def build_part(
        self, step_id: str, for_part: str, resume_state: Position | None
    ) -> "GrowingPart":
        """A partition and those that it has adopted, from where an earlier run stopped.

        Raises:
            Stop: a saved position no longer exists, or the broker does not tell what does.
        """
        number = int(for_part.rpartition("-")[2])
        own = self._source.build_part(step_id, for_part, resume_state)
        # A position of an earlier version has no such attribute.
        saved = getattr(resume_state, "adopted", None) or {}
        adopted = {
            one: self._source.partition(one, number, saved.get(one))
            for one, part in self._adopted().items()
            if part == number
        }
        return GrowingPart(own, adopted, self._adopting(number))

    def _listed(self) -> list[int]:
        adopted = self._adopted()
        return [one for one in range(self._partitions) if one not in adopted]

    def _adopting(self, part: int) -> Adopt:
        """What gives the partitions that the topic got since and that a part is to read."""
        listed = self._listed()
        looked = self._partitions
        own = self._journal_of(part)

        def adopt() -> Iterator[tuple[int, KafkaPartition]]:
            nonlocal looked
            while looked < self._source.count(own):
                number, looked = looked, looked + 1
                # A process that started a moment later may have seen it, and have a part for it.
                if listed[number % len(listed)] == part and not self._journal_of(number).taken():
                    yield number, self._source.partition(number, part, None)

        return adopt


class GrowingPart(StatefulSourcePartition[EventBatch, Position]):
    """A partition, and those that it has adopted.

    Args:
        own: the partition that the part is named by.
        adopted: others, by number.
        adopt: gives further ones when there are some.
    """

    def __init__(
        self, own: KafkaPartition, adopted: Mapping[int, KafkaPartition], adopt: Adopt
    ) -> None:
        self._own = own
        self._adopted = dict(adopted)
        self._adopt = adopt

    def next_batch(self) -> list[EventBatch]:
        """At most one batch of each.

        Raises:
            StopIteration: all of them are at their end.
        """
        self._adopted.update(self._adopt())
        found: list[EventBatch] = []
        ended = 0
        for member in self._members:
            try:
                found += member.next_batch()
            except StopIteration:
                ended += 1
        if ended > len(self._adopted) and not found:
            raise StopIteration
        return found

    def next_awake(self) -> datetime | None:
        """As soon as one of them wants to be asked."""
        awake = [one for member in self._members if (one := member.next_awake()) is not None]
        return min(awake) if len(awake) > len(self._adopted) else None

    def snapshot(self) -> Position:
        """Positions of all of them."""
        adopted = {number: member.snapshot() for number, member in self._adopted.items()}
        return replace(self._own.snapshot(), adopted=adopted or None)

    def close(self) -> None:
        """Leave the broker."""
        for member in self._members:
            member.close()

    @property
    def _members(self) -> list[KafkaPartition]:
        return [self._own, *self._adopted.values()]
