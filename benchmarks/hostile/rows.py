"""The rows of the good stream's windows as they came, compared with what they must be."""

import json
import math
import time
from dataclasses import asdict, dataclass, field
from types import TracebackType
from typing import Any, Self

import numpy as np
from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from benchmarks.hostile.good import REGIONS, Ends, GoodStream, Sums
from tests.services.kafka import Kafka
from tests.services.names import unique

WINDOW = "spend"
_MOST = 10_000
_EXAMPLES = 5


@dataclass(frozen=True)
class Row:
    """A row as it came last: a correction takes the place of what it corrects.

    Attributes:
        found: what it says.
        revision: how often it was corrected.
        stamp_ms: when the broker took it.
    """

    found: Sums
    revision: int
    stamp_ms: int


@dataclass(frozen=True)
class Compared:
    """What became of the good stream.

    Attributes:
        equal: rows that are as they must be.
        wrong: what is not, a line each, not more than a few of a kind.
        different, missing, extra: how many are not.
        delays_ms: of each row, from when its window could be closed; of one that is missing, until
            it was given up.
    """

    equal: int
    different: int
    missing: int
    extra: int
    wrong: list[str]
    delays_ms: list[float]

    @property
    def same(self) -> bool:
        """Whether every row is as it must be."""
        return self.equal > 0 and not (self.different or self.missing or self.extra)

    def delay_ms(self, share: float) -> float:
        """A quantile of the delays."""
        return float(np.quantile(self.delays_ms, share)) if self.delays_ms else math.inf


@dataclass
class Rows:
    """Reads the topic of the records as it grows.

    Args:
        kafka: the broker.
        topic: the topic, whose messages the broker stamps.

    Attributes:
        known: the newest row of each window of the good stream.
        records: how many records of all kinds came.
    """

    kafka: Kafka
    topic: str
    known: dict[Ends, Row] = field(default_factory=dict)
    records: int = 0

    def __enter__(self) -> Self:
        """Begin to read."""
        settings = {"bootstrap.servers": self.kafka.bootstrap, "group.id": unique("rows")}
        self._consumer = Consumer({**settings, "enable.auto.commit": False})
        numbers = self.kafka.end_offsets(self.topic)
        places = [TopicPartition(self.topic, number, OFFSET_BEGINNING) for number in numbers]
        self._consumer.assign(places)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Read no more."""
        self._consumer.close()

    def take(self, wait_s: float) -> None:
        """Take in what comes within a time."""
        for message in self._consumer.consume(_MOST, wait_s):
            if message.error() is not None:
                continue
            self.records += 1
            record = json.loads(message.value() or b"{}")
            if record.get("signal") == WINDOW and record["tags"]["region"] in REGIONS:
                self._take(record, message.timestamp()[1])

    def _take(self, record: dict[str, Any], stamp_ms: int) -> None:
        said, region = record["fields"], record["tags"]["region"]
        found = Sums(**{name: said[name] for name in asdict(Sums())})
        ends = record["time_ns"] // 10**6, region
        revision = int(said.get("revision", record.get("revision", 0)))
        known = self.known.get(ends)
        # What is written twice, by a flow that was started anew, counts when it came first.
        if known is None or (known.revision <= revision and known.found != found):
            self.known[ends] = Row(found, revision, stamp_ms)

    def compare(self, good: GoodStream, until_ms: int, measured_from_ms: int) -> Compared:
        """Hold the rows of all windows that end until a time against the truth.

        Args:
            good: the truth.
            until_ms: the time.
            measured_from_ms: of windows that end later delays count.
        """
        expected = {ends: sums for ends, sums in good.windows.items() if ends[0] <= until_ms}
        found = {ends: row for ends, row in self.known.items() if ends[0] <= until_ms}
        missing, extra = expected.keys() - found.keys(), found.keys() - expected.keys()
        now_ms = time.time_ns() / 1e6
        equal, different, delays = 0, [], []
        for ends, sums in expected.items():
            row = found.get(ends)
            closable_ms = good.closable_ms(ends[0])
            if closable_ms is not None and ends[0] > measured_from_ms:
                stamp_ms = now_ms if row is None else row.stamp_ms
                delays.append(max(0.0, stamp_ms - closable_ms))
            if row is not None and row.found == sums:
                equal += 1
            elif row is not None:
                different.append(f"different {ends}: {row.found}, not {sums}")
        wrong = [*sorted(different)[:_EXAMPLES]]
        wrong += [f"missing {ends}" for ends in sorted(missing)[:_EXAMPLES]]
        wrong += [f"extra {ends}" for ends in sorted(extra)[:_EXAMPLES]]
        return Compared(equal, len(different), len(missing), len(extra), wrong, delays)
