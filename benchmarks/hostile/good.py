"""The good stream: paced payments, what their windows must be, and when these could be closed."""

import json
import random
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from confluent_kafka import KafkaError, Message, Producer

SIZE_MS = 1_000
OUT_OF_ORDERNESS_MS = 200
REGIONS = tuple(f"region-{number}" for number in range(20))
RATE = 100
"""Events a second, over all partitions."""
Ends = tuple[int, str]
"""End of a window and its region."""


@dataclass
class Sums:
    """What a window must say; amounts are multiples of a quarter, so that sums are exact."""

    count: int = 0
    amount_sum: float = 0.0
    amount_max: float = 0.0
    failures: int = 0

    def add(self, amount: float, *, failed: bool) -> None:
        """Take an event in."""
        self.count += 1
        self.amount_sum += amount
        self.amount_max = max(self.amount_max, amount)
        self.failures += failed


@dataclass
class GoodStream:
    """Writes payments in turn to the partitions of a topic, until it is told to stop.

    The truth is computed from what is written, by the definition of a tumbling window.

    Args:
        producer: of the broker.
        topic: where to.
        partitions: how many.

    Attributes:
        windows: what each window must say.
        possible_ms: for each end of a window, when each partition had an event that lets it close:
            one later than the end by the allowed disorder; wall clock at the acknowledgement.
    """

    producer: Producer
    topic: str
    partitions: int
    windows: dict[Ends, Sums] = field(default_factory=lambda: defaultdict(Sums))
    possible_ms: dict[int, dict[int, float]] = field(default_factory=lambda: defaultdict(dict))
    lost: int = 0
    _passed: dict[int, int] = field(default_factory=dict)
    _stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Write until `stop`."""
        chance = random.Random(1)
        number, began = 0, time.monotonic()
        while not self._stop.is_set():
            self._write(number, chance)
            number += 1
            self.producer.poll(0)
            self._stop.wait(max(0.0, began + number / RATE - time.monotonic()))
        self.producer.flush(60)

    def stop(self) -> None:
        """Let `run` return."""
        self._stop.set()

    def closable_ms(self, end_ms: int) -> float | None:
        """When the last partition could pass the end of a window; None if it never could."""
        passed = self.possible_ms.get(end_ms, {})
        return max(passed.values()) if len(passed) == self.partitions else None

    def _write(self, number: int, chance: random.Random) -> None:
        at_ms = time.time_ns() // 10**6
        partition = number % self.partitions
        region = chance.choice(REGIONS)
        amount = chance.randrange(8, 400) / 4
        failed = chance.random() < 0.1
        event = {
            "ts": at_ms,
            "card": f"card-{number}",
            "region": region,
            "amount": amount,
            "status": "fail" if failed else "ok",
        }
        end_ms = at_ms // SIZE_MS * SIZE_MS + SIZE_MS
        self.windows[end_ms, region].add(amount, failed=failed)
        self.producer.produce(
            self.topic,
            json.dumps(event).encode(),
            partition=partition,
            on_delivery=self._delivered(partition, at_ms),
        )

    def _delivered(
        self, partition: int, at_ms: int
    ) -> Callable[[KafkaError | None, Message], None]:
        def delivered(error: KafkaError | None, _: Message) -> None:
            if error is not None:
                self.lost += 1
                return
            now_ms = time.time_ns() / 1e6
            passed = (at_ms - OUT_OF_ORDERNESS_MS) // SIZE_MS * SIZE_MS
            for end_ms in range(self._passed.get(partition, passed) + SIZE_MS, passed + 1, SIZE_MS):
                self.possible_ms[end_ms].setdefault(partition, now_ms)
            self._passed[partition] = max(passed, self._passed.get(partition, passed))

        return delivered
