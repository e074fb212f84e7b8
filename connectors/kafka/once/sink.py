"""Messages into Kafka exactly once, as a Bytewax sink.

A transaction an epoch and part is not enough: the commit comes before the engine's own snapshot is
durable, and where another sink of the flow holds that up and the process is killed, the epoch is
run again. So the snapshot holds the position in the output topics. A part that is built again first
fences its predecessor off, reads which of its messages were committed past that position, and
leaves out each of them when the run makes it again: records are a function of the input, and so
are their identities.

Where the broker has forgotten a producer, or refuses a message, the transaction is lost. Then a new
producer sends its messages once more, as after a restart, and without those that are refused. So
the messages of a transaction are kept, and an epoch with more of them is committed in several. In
the rest of an epoch, messages as large as one that was refused go in transactions of their own.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog
from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition

from connectors.codecs.frames import merged
from connectors.codecs.messages import Headers, Message
from connectors.kafka.client import Faults
from connectors.kafka.once.broken import (
    BrokenTransactionError,
    LostProducerError,
    RefusedMessagesError,
)
from connectors.kafka.once.markers import Marker, encode_marker, find_marker
from connectors.kafka.once.open_messages import OpenMessages, size
from connectors.kafka.once.position import Offsets, OutputPosition, of_same_topics
from connectors.kafka.once.transactions import TRANSACTION_TIMEOUT_MS, Transactions
from connectors.kafka.once.written import IDENTITY, PART, Written
from connectors.kafka.refusals import TOO_LARGE
from connectors.partitions import PARTS, Waits, unheard
from tidegauge.errors import UserMistake
from tidegauge.records import RecordBatch

Encoder = Callable[[RecordBatch], Iterable[Message]]
Rejected = Callable[[Message, str], None]

_TRIES = 5
"""How many producers in a row the broker may forget before the flow ends."""
_LOG = structlog.get_logger("tidegauge")


@dataclass(frozen=True)
class Outlet:
    """An exactly-once output.

    Attributes:
        client: configuration of the Kafka client, with `bootstrap.servers`.
        name: of the output; no two outputs of a cluster share it.
        topics: all topics it writes to.
        markers: its compacted topic of markers.
        batch_bytes: most of a batch of several messages, which all topics allow; how large a single
            message may be once it is compressed, the broker says.
        timeout_s: how long a message, and a step of a transaction, may take.
        parts: number of parts.
        sources: what tells each topic that records are made of from others of its name.
        waits: hears of it while a part waits; what it raises ends the waiting.
        open_ms: how long a transaction may stay open.
    """

    client: Mapping[str, Any] = field(repr=False)
    name: str
    topics: frozenset[str]
    markers: str
    batch_bytes: int
    timeout_s: float = 30.0
    parts: int = PARTS
    sources: Mapping[str, str] = field(default_factory=dict)
    waits: Waits = unheard
    open_ms: int = TRANSACTION_TIMEOUT_MS

    def open(self, part: str) -> Transactions:
        """Producer of a part; an earlier one is fenced off and what it left open is ended."""
        faults = Faults()
        return Transactions(
            {**self.client, "error_cb": faults},
            faults,
            name=f"{self.name}-{part}",
            batch_bytes=self.batch_bytes,
            timeout_s=self.timeout_s,
            waits=self.waits,
            open_ms=self.open_ms,
        )


class OnceSink(FixedPartitionedSink[RecordBatch, OutputPosition]):
    """Sends the messages that `encoder` makes of records; they are visible at the epoch's end.

    Args:
        outlet: where they go.
        encoder: makes messages with an identity of records.
        rejected: takes each message that the topics refuse, such as for its size.
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
    """One part: a transaction an epoch, or several where it has many messages.

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
        self._outlet = outlet
        self._name = name
        self._encoder = encoder
        self._rejected = rejected
        # Nobody else writes as this part once this returns: what is read then is all there is.
        self._transactions = outlet.open(name)
        self._written = Written(outlet.client, outlet.timeout_s)
        self._topics = self._written.topics(outlet.topics)
        self._sources: Mapping[str, str] = {}
        if saved is not None:
            _check(saved)
            begin: Offsets = of_same_topics(saved.offsets, saved.topics, self._topics)
            self._repeated = set(saved.repeated)
            self._learn(saved)
        else:
            begin, self._repeated = self._begin(), set()
        ends = self._written.ends(outlet.topics)
        self._repeated |= self._written.identities(name, {**dict.fromkeys(ends, 0), **begin})
        self._offsets: dict[tuple[str, int], int] = ends
        self._open = OpenMessages()
        self._suspects: set[bytes] = set()
        self._smallest_refused: int | None = None
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
                else:
                    self._write(message)

    def snapshot(self) -> OutputPosition:
        """Commit the epoch; the position after it."""
        self._commit()
        self._smallest_refused = None
        return OutputPosition(
            dict(self._offsets),
            frozenset(self._repeated),
            topics=dict(self._topics),
            sources=self._sources,
        )

    def close(self) -> None:
        """Take back what belongs to no epoch that was finished."""
        self._transactions.abort()

    def _write(self, message: Message) -> None:
        if not self._open.add(message):
            self._commit()
            self._open.add(message)
        self._surely(lambda: self._send(message), self._send_again)

    def _commit(self) -> None:
        self._surely(self._transactions.commit, self._commit_again)
        self._committed_but([])
        self._suspects.clear()

    def _committed_but(self, left: list[Message]) -> None:
        self._offsets |= self._transactions.ends
        self._open.begin(left)

    def _headed(self, message: Message) -> Message:
        own: Headers = [(IDENTITY, message.identity), (PART, self._name)]
        return message._replace(headers=[*(message.headers or []), *own])

    def _surely(self, step: Callable[[], None], again: Callable[[], None]) -> None:
        """Do a step of the transaction; where that is lost, send its messages once more."""
        lost = 0
        while True:
            try:
                step()
            except BrokenTransactionError as error:
                lost += isinstance(error, LostProducerError)
                if lost == _TRIES:
                    raise
                if isinstance(error, RefusedMessagesError):
                    self._suspect(error)
                _LOG.warning(
                    "a new Kafka producer sends the messages of a transaction again",
                    part=self._name,
                    messages=len(self._open.messages),
                    reason=str(error),
                )
                step = again
            else:
                return

    def _send(self, message: Message) -> None:
        least = self._smallest_refused
        if message.identity in self._suspects or (least is not None and size(message) >= least):
            self._send_alone(message)
        else:
            self._produce(message)

    def _send_alone(self, message: Message) -> None:
        """Send a message in a transaction of its own: where it is refused, no other one is lost."""
        after = self._open.after(message)
        self._transactions.commit()
        self._committed_but([message, *after])
        self._produce(message)
        self._transactions.commit()
        self._committed_but(after)

    def _produce(self, message: Message) -> None:
        if not self._transactions.send(self._headed(message)):
            self._leave_out(message, TOO_LARGE)

    def _suspect(self, error: RefusedMessagesError) -> None:
        """Leave out the message that was refused; of several, find it by sending each alone."""
        found = {one.identity for one in error.messages}
        if len(found) > 1:
            self._suspects |= found
            return
        for message in self._open.messages:
            if message.identity in found:
                self._leave_out(message, error.reason)

    def _leave_out(self, message: Message, reason: str) -> None:
        if reason == TOO_LARGE:
            least = self._smallest_refused
            self._smallest_refused = size(message) if least is None else min(least, size(message))
        self._open.leave_out(message)
        self._rejected(message, reason)

    def _send_again(self) -> None:
        self._transactions = self._outlet.open(self._name)
        # The commit may have come through, though nobody was told.
        there = self._written.identities(self._name, self._offsets)
        left = [one for one in self._open.messages if one.identity not in there]
        self._open.begin(left)
        for message in left:
            self._send(message)

    def _commit_again(self) -> None:
        self._send_again()
        self._transactions.commit()

    def _begin(self) -> Offsets:
        """Where this part's first message can be; noted the first time."""
        sources = self._outlet.sources
        found = self._marker()
        if found is not None and not (others := found.made_anew(sources)):
            self._know(found)
            return found.offsets
        known: Mapping[str, str] = {}
        if found is not None:
            known = found.sources
            _LOG.warning(
                "source topics were made anew: all records are written",
                part=self._name,
                topics=others,
            )
        marker = Marker(self._written.ends(self._outlet.topics), {**known, **sources})
        self._mark(marker)
        return marker.offsets

    def _learn(self, saved: OutputPosition) -> None:
        """Tell the marker of source topics that it does not know yet."""
        self._sources = saved.sources
        if self._outlet.sources.keys() <= saved.sources.keys():
            return
        found = self._marker()
        if found is not None:
            self._know(found)

    def _know(self, found: Marker) -> None:
        # What it says of the topics that it knows is judged by starts without a saved position.
        marker = Marker(found.offsets, {**self._outlet.sources, **found.sources})
        if marker.sources != found.sources:
            self._mark(marker)
        self._sources = marker.sources

    def _marker(self) -> Marker | None:
        return find_marker(self._written, self._outlet.markers, self._name, self._topics)

    def _mark(self, marker: Marker) -> None:
        value = encode_marker(marker, self._topics)
        self._transactions.send(Message(self._outlet.markers, self._name.encode(), value))
        self._transactions.commit()
        self._sources = marker.sources


def _check(saved: OutputPosition) -> None:
    if saved.version not in range(1, OutputPosition({}).version + 1):
        raise UserMistake(
            f"saved state: the Kafka output has version {saved.version}, this program reads"
            f" {OutputPosition({}).version}; start with the program that wrote it"
        )
