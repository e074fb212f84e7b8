"""The consumer that everybody is compared with: the client's defaults, and deep queues.

The client's default of `fetch.queue.backoff.ms` lets a full queue run empty before it is refilled.
`refilling` is the same consumer without that; nobody is compared with it, for it is a finding of
ours and not what people run.
"""

from confluent_kafka import Consumer, TopicPartition

from benchmarks.contestants.task import Tally, Task
from tidegauge.settings import Settings


def bare(task: Task, settings: Settings, **more: int) -> Tally:
    """A consumer that takes each message's value and nothing else; `more` configures its client."""
    tally = Tally()
    consumer = Consumer(
        {
            "bootstrap.servers": settings.kafka_bootstrap,
            "group.id": "benchmark-bare",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "queued.min.messages": 100_000,
            "queued.max.messages.kbytes": 262_144,
            "fetch.max.bytes": 52_428_800,
            "max.partition.fetch.bytes": 8_388_608,
            **more,
        }
    )
    consumer.assign([TopicPartition(task.topic, number, 0) for number in range(task.partitions)])
    while tally.events < task.events:
        messages = consumer.consume(10_000, 1.0)
        if messages:
            tally.start()
        tally.events += len([message.value() for message in messages])
    tally.read = tally.events
    tally.result()
    consumer.close()
    return tally


def refilling(task: Task, settings: Settings) -> Tally:
    """The same, and its queues are refilled at once."""
    return bare(task, settings, **{"fetch.queue.backoff.ms": 10})
