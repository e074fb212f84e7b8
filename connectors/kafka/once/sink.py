"""Messages into Kafka exactly once, as a Bytewax sink.

A transaction an epoch and part is not enough: the commit comes before the engine's own snapshot is
durable, and where another sink of the flow holds that up and the process is killed, the epoch is
run again. So the snapshot holds the position in the output topics. A part that is built again first
fences its predecessor off, reads which of its messages were committed past that position, and
leaves out each of them when the run makes it again: records are a function of the input, and so
are their identities.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition

from connectors.codecs.frames import merged
from connectors.codecs.messages import Headers, Message
from connectors.kafka.client import Faults
from connectors.kafka.once.markers import encode_marker, find_marker
from connectors.kafka.once.position import Offsets, OutputPosition
from connectors.kafka.once.transactions import Transactions
from connectors.kafka.once.written import IDENTITY, PART, Written
from connectors.partitions import PARTS
from tidegauge.errors import UserMistake
from tidegauge.records import RecordBatch

Encoder = Callable[[RecordBatch], Iterable[Message]]
Rejected = Callable[[Message, str], None]


@dataclass(frozen=True)
class Outlet:
    """An exactly-once output.

    Attributes:
        client: configuration of the Kafka client, with `bootstrap.servers`.
        name: of the output; no two outputs of a cluster share it.
        topics: all topics it writes to.
        markers: its compacted topic of markers.
        max_bytes: most that these topics allow of a batch of messages.
        timeout_s: how long a message, and a step of a transaction, may take.
        parts: number of parts.
    """

    client: Mapping[str, Any] = field(repr=False)
    name: str
    topics: frozenset[str]
    markers: str
    max_bytes: int
    timeout_s: float = 30.0
    parts: int = PARTS

    def open(self, part: str) -> Transactions:
        """Producer of a part; an earlier one is fenced off and what it left open is ended."""
        faults = Faults()
        return Transactions(
            {**self.client, "error_cb": faults},
            faults,
            name=f"{self.name}-{part}",
            max_bytes=self.max_bytes,
            timeout_s=self.timeout_s,
        )


class OnceSink(FixedPartitionedSink[RecordBatch, OutputPosition]):
    """Sends the messages that `encoder` makes of records; they are visible at the epoch's end.

    Args:
        outlet: where they go.
        encoder: makes messages with an identity of records.
        rejected: told of each message that is larger than the topics allow.
    """

    def __init__(self, outlet: Outlet, encoder: Encoder, rejected: Rejected) -> None:
        self._outlet = outlet
        self._encoder = encoder
        self._rejected = rejected

    def list_parts(self) -> list[str]:
        """Every worker can have any part."""
        return [f"{number:02d}" for number in range(self._outlet.parts)]

    def fence(self) -> None:
        """End what an earlier run left open, before anything is read.

        Parts are built at their first record only; until then, readers would wait for a transaction
        of a killed process to time out.

        Raises:
            Retry: the broker does not answer in time.
            Stop: it does not allow transactions.
        """
        for part in self.list_parts():
            self._outlet.open(part)

    def build_part(
        self, step_id: str, for_part: str, resume_state: OutputPosition | None
    ) -> "OncePart":
        """A part, from where an earlier run stopped."""
        return OncePart(self._outlet, for_part, self._encoder, self._rejected, resume_state)


class OncePart(StatefulSinkPartition[RecordBatch, OutputPosition]):
    """One part: a transaction an epoch.

    Attributes:
        skipped: how many messages were left out because they were committed before.
    """

    def __init__(
        self,
        outlet: Outlet,
        name: str,
        encoder: Encoder,
        rejected: Rejected,
        saved: OutputPosition | None,
    ) -> None:
        self._name = name
        self._encoder = encoder
        self._rejected = rejected
        # Nobody else writes as this part once this returns: what is read then is all there is.
        self._transactions = outlet.open(name)
        written = Written(outlet.client, outlet.timeout_s)
        if saved is not None:
            _check(saved)
            begin, self._repeated = saved.offsets, set(saved.repeated)
        else:
            begin, self._repeated = self._begin(outlet, written), set()
        ends = written.ends(outlet.topics)
        self._repeated |= written.identities(name, {**dict.fromkeys(ends, 0), **begin})
        self._offsets: dict[tuple[str, int], int] = ends
        self.skipped = 0

    def write_batch(self, values: list[RecordBatch]) -> None:
        """Send the messages of the records that were not committed before.

        Raises:
            Retry: the broker does not take them in time.
            Stop: the broker refuses them, or this producer, for good.
        """
        for batch in merged(values):
            for message in self._encoder(batch):
                if message.identity in self._repeated:
                    self._repeated.discard(message.identity)
                    self.skipped += 1
                elif not self._transactions.send(self._headed(message)):
                    self._rejected(message, "larger than the topic's max.message.bytes")

    def snapshot(self) -> OutputPosition:
        """Commit the epoch; the position after it."""
        self._transactions.commit()
        self._offsets |= self._transactions.ends
        return OutputPosition(dict(self._offsets), frozenset(self._repeated))

    def close(self) -> None:
        """Take back what belongs to no epoch that was finished."""
        self._transactions.abort()

    def _headed(self, message: Message) -> Message:
        own: Headers = [(IDENTITY, message.identity), (PART, self._name)]
        return message._replace(headers=[*(message.headers or []), *own])

    def _begin(self, outlet: Outlet, written: Written) -> Offsets:
        """Where this part's first message can be; noted the first time."""
        found = find_marker(written, outlet.markers, self._name)
        if found is not None:
            return found
        ends = written.ends(outlet.topics)
        marker = Message(outlet.markers, self._name.encode(), encode_marker(ends))
        self._transactions.send(marker)
        self._transactions.commit()
        return ends


def _check(saved: OutputPosition) -> None:
    if saved.version != OutputPosition({}).version:
        raise UserMistake(
            f"saved state: the Kafka output has version {saved.version}, this program reads"
            f" {OutputPosition({}).version}; start with the program that wrote it"
        )
