"""A topic of JSON events of about 110 bytes, for benchmarks."""

import random

import orjson

from tests.services.kafka import Kafka

BASE_MS = 1_760_000_000_000


def load_events(kafka: Kafka, topic: str, events: int, keys: int, partitions: int = 4) -> None:
    """Fill a new topic: one event a millisecond of event time, keys at random, seeded.

    Args:
        kafka: the broker.
        topic: name of the topic to make.
        events: how many.
        keys: distinct values of `sensor_id`, which is also the message key.
        partitions: partitions of the topic; the key decides.
    """
    kafka.topic(topic, partitions=partitions)
    producer = kafka.producer()
    chance = random.Random(1)
    names = [f"sensor-{number:05d}" for number in range(keys)]
    for number in range(events):
        name, time_ms = names[chance.randrange(keys)], BASE_MS + number
        value = orjson.dumps(
            {
                "event_id": number,
                "sensor_id": name,
                "ts": time_ms,
                "value": round(chance.gauss(50, 5), 3),
                "status": "ok" if number % 50 else "fail",
                "region": f"eu-{number % 7}",
            }
        )
        while True:
            try:
                producer.produce(topic, value, name, timestamp=time_ms)
                break
            except BufferError:
                producer.poll(0.05)
    producer.flush()


def window_rows(events: int, keys: int, size_ms: int) -> int:
    """Number of rows of tumbling windows over what `load_events` writes: distinct (key, window)."""
    chance = random.Random(1)
    seen = set()
    for number in range(events):
        seen.add((chance.randrange(keys), (BASE_MS + number) // size_ms))
        chance.gauss(50, 5)
    return len(seen)
