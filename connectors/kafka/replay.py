"""A topic read again, from where a flow began or a moment on, for looking and not for going on."""

from collections.abc import Callable
from typing import Any

from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition
from confluent_kafka import Consumer, KafkaException, TopicPartition

from connectors.kafka.client import Faults, client_config, short
from connectors.kafka.source import Position
from tidegauge.batch import EventBatch
from tidegauge.errors import Stop
from tidegauge.settings import Settings

Told = Callable[[str, int], None]
"""Told of a partition, and how many messages of it were read so far."""


class ReplaySource(FixedPartitionedSource[EventBatch, None]):
    """Event batches of a source from where a flow began to read it, or from a later moment on.

    Args:
        source: the source, of Kafka.
        topic: the topic it reads.
        settings: where the broker is.
        begun: tells the offset at which a partition was begun; None for the first that is there.
        since_ms: Kafka timestamp of the first message; None for where it was begun.
        told: hears how far it is.
    """

    def __init__(
        self,
        source: FixedPartitionedSource[EventBatch, Any],
        topic: str,
        settings: Settings,
        begun: Callable[[int], int | None],
        since_ms: int | None,
        told: Told,
    ) -> None:
        self._source = source
        self._topic = topic
        self._settings = settings
        self._begun = begun
        self._since_ms = since_ms
        self._told = told

    def list_parts(self) -> list[str]:
        """Those of the source."""
        return self._source.list_parts()

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> "ReplayPart":
        """A partition from where it was begun, or from the moment on.

        Raises:
            Stop: the broker does not tell its offsets.
        """
        offset = self._offset(int(for_part.rpartition("-")[2]))
        part = self._source.build_part(step_id, for_part, Position(offset, None))
        return ReplayPart(part, for_part, self._told)

    def _offset(self, number: int) -> int:
        topic, timeout_s = self._topic, self._settings.start_timeout_s
        here = TopicPartition(topic, number)
        # A group is needed for asking, and never joined.
        consumer = Consumer({**client_config(self._settings, Faults()), "group.id": "tidegauge"})
        try:
            low, end = consumer.get_watermark_offsets(here, timeout=timeout_s)
            first = min(max(low, self._begun(number) or low), end)
            if self._since_ms is None:
                return first
            asked = TopicPartition(topic, number, max(self._since_ms, 0))
            (found,) = consumer.offsets_for_times([asked], timeout=timeout_s)
        except KafkaException as error:
            raise Stop(
                f"kafka: {topic}-{number}: the broker did not tell its offsets within"
                f" {timeout_s:g} s ({short(error.args[0])})"
            ) from None
        finally:
            consumer.close()
        return max(found.offset, first) if found.offset >= 0 else end


class ReplayPart(StatefulSourcePartition[EventBatch, None]):
    """A partition that tells how far it is, and has no position."""

    def __init__(self, part: Any, name: str, told: Told) -> None:
        self._part = part
        self._name = name
        self._told = told

    def next_batch(self) -> list[EventBatch]:
        """The next batches of the partition."""
        batches: list[EventBatch] = self._part.next_batch()
        for batch in batches:
            self._told(self._name, batch.counts.read)
        return batches

    def next_awake(self) -> Any:
        """When the partition wants to be asked again."""
        return self._part.next_awake()

    def snapshot(self) -> None:
        """Nothing, for a replay starts anew; the partition hears that an epoch has ended."""
        self._part.snapshot()

    def close(self) -> None:
        """Close the partition."""
        self._part.close()
