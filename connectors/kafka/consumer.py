"""A consumer that outlives its client.

A broker that is shut down may answer last that there is no broker at all. The client (librdkafka
since 2.10, seen with 2.12 and 2.16; https://github.com/confluentinc/librdkafka/issues/5301) then
forgets every one it knew, at times those of its configuration too, asks nobody any more and reports
nothing, for ever. Its statistics tell: they name no broker but its own makeshifts.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import structlog
from confluent_kafka import Consumer, Message, TopicPartition

from connectors.kafka.standstill import STALLED_AFTER_S, Place, Standstill, Standstills

_LOG = structlog.get_logger("tidegauge")
_LOOK_MS = 5_000
"""Between two looks at the client's statistics."""
_BROKERS = frozenset({"configured", "learned"})
_NOTHING_TAKEN = 0
"""Positions below are no offsets: the client's marks for one that it has not taken yet."""


class LastingConsumer:
    """Partitions that are read on from where they are by a new client, if the old one is forsaken.

    Args:
        config: configuration of the Kafka client.
        stalled_after_s: so long a partition must stand still before it is called so.
    """

    def __init__(self, config: Mapping[str, Any], stalled_after_s: float = STALLED_AFTER_S) -> None:
        own = {"statistics.interval.ms": _LOOK_MS, "stats_cb": self._look}
        self._config = {**own, **config}
        look_every_s = self._config["statistics.interval.ms"] / 1_000
        self._standstills = Standstills(look_every_s, stalled_after_s)
        self._consumer = Consumer(self._config)
        self._forsaken = False
        self._assigned: list[TopicPartition] = []

    def assign(self, places: Sequence[TopicPartition]) -> None:
        """Read these partitions, each from its offset on."""
        self._assigned = list(places)
        self._standstills.forget()
        self._consumer.assign(self._assigned)

    def seek(self, place: TopicPartition) -> None:
        """Read one of the assigned partitions on from its offset."""
        self._standstills.forget()
        self._consumer.seek(place)

    def consume(self, most: int, wait_s: float) -> list[Message]:
        """Messages and events that have arrived.

        Args:
            most: how many at most.
            wait_s: how long to gather more than has arrived.
        """
        if self._forsaken:
            self._renew()
        return self._consumer.consume(most, wait_s)

    def standstill(self, place: Place) -> Standstill | None:
        """Where a partition stands still, if it does (`connectors.kafka.standstill`)."""
        return self._standstills.of(place)

    def get_watermark_offsets(
        self, place: TopicPartition, *, timeout: float = -1, cached: bool = False
    ) -> tuple[int, int]:
        """First offset that is there, and the one after the last."""
        return self._consumer.get_watermark_offsets(place, timeout=timeout, cached=cached)

    def list_topics(self, topic: str, *, timeout: float) -> Any:
        """What the broker tells of a topic (`confluent_kafka.admin.ClusterMetadata`)."""
        return self._consumer.list_topics(topic, timeout=timeout)

    def commit(self, offsets: list[TopicPartition]) -> None:
        """Tell the consumer group these positions, without waiting."""
        self._consumer.commit(offsets=offsets, asynchronous=True)

    def close(self) -> None:
        """Leave the broker."""
        self._consumer.close()

    def _look(self, statistics: str) -> None:
        told = orjson.loads(statistics)
        self._standstills.look(told)
        brokers = told["brokers"].values()
        self._forsaken = _BROKERS.isdisjoint(broker["source"] for broker in brokers)

    def _renew(self) -> None:
        _LOG.warning("the Kafka client has forgotten every broker: a new one reads on")
        taken = self._consumer.position(self._assigned)
        self._consumer.close()
        self._consumer = Consumer(self._config)
        self._forsaken = False
        self.assign(
            [
                place if now.offset < _NOTHING_TAKEN else now
                for place, now in zip(self._assigned, taken, strict=True)
            ]
        )
