"""What sinks are refused, as dead letters: beside the flow's sinks, from the first letter on.

That a record is refused is known when all records are on their way, so its letter cannot go through
the flow. It goes to the topic of dead letters and to the store.
"""

import time
from threading import RLock
from typing import Any

import orjson
import polars as pl
import structlog
from bytewax.outputs import FixedPartitionedSink

from connectors.codecs.messages import Message
from connectors.kafka.routes import Routes
from connectors.kafka.sink import KafkaSink
from connectors.partitions import RecordPart
from connectors.refused import refused_records
from dataflows.lifecycle.beside import beside
from tidegauge.catalogue import DEAD_LETTER_SIGNAL, DEAD_LETTERS, catalogue_of
from tidegauge.records import TIME_NS, RecordBatch
from tidegauge.settings import Settings
from tidegauge.spec.models import Pipeline
from tidegauge.texts import shortened

WITHHELD = "withheld"
_LOG = structlog.get_logger("tidegauge")
_SCHEMA = {TIME_NS: pl.Int64} | {
    column.name: column.type.dtype for column in DEAD_LETTER_SIGNAL.columns
}


class LetterTopic:
    """Sends letters to the topic of dead letters; they are stored when a call returns.

    Args:
        pipeline: the pipeline.
        settings: where the broker is.
    """

    def __init__(self, pipeline: Pipeline, settings: Settings) -> None:
        self.name = pipeline.dead_letter_topic
        routes = Routes(catalogue_of(pipeline), None, self.name)
        self._sink = KafkaSink(
            settings, routes, self._refused, timeout_s=settings.retry_for_s, waits=beside.waits
        )
        # Parts of all worker threads share it; a letter that is too large is sent within a call.
        self._lock = RLock()
        self._part: RecordPart | None = None

    def __call__(self, letters: RecordBatch) -> None:
        """Send letters.

        Raises:
            Retry: the broker does not store them in time.
            Stop: it refuses them, or this producer, for good.
        """
        with self._lock:
            if self._part is None:
                self._part = self._sink.build_part("letters", "00", None)
            self._part.write_batch([letters])
            self._part.snapshot()

    def send_short(self, letter: bytes) -> bool:
        """Send a letter again without what makes it long; False where that is left out already."""
        content: dict[str, Any] = orjson.loads(letter)
        if content["encoding"] == WITHHELD:
            return False
        short = {"payload": None, "encoding": WITHHELD, "key": None, "key_encoding": WITHHELD}
        content |= {**short, "detail": None, "reason": shortened(content["reason"])}
        row = {name: content[name] for name in _SCHEMA}
        self(RecordBatch(DEAD_LETTERS, pl.DataFrame([row], schema=_SCHEMA)))
        return True

    def _refused(self, message: Message, reason: str) -> None:
        if not self.send_short(message.value):
            _LOG.error("Kafka refused a dead letter", topic=self.name, reason=reason)


class Refusals:
    """Makes dead letters of what Kafka refuses.

    Args:
        pipeline: the pipeline.
        settings: where the broker is.

    Attributes:
        to_topic: takes letters that another sink makes and stores itself.
        store: sink of the store, where there is one; to be filled before the flow runs.
    """

    def __init__(self, pipeline: Pipeline, settings: Settings) -> None:
        self.to_topic = LetterTopic(pipeline, settings)
        self.store: FixedPartitionedSink[RecordBatch, Any] | None = None

    def __call__(self, message: Message, reason: str) -> None:
        """Take a message that its topic refuses."""
        about = {"topic": message.topic, "size": len(message.value), "reason": reason}
        if message.topic == self.to_topic.name:
            # The store has the whole letter.
            shortened = self.to_topic.send_short(message.value)
            _LOG.error("Kafka refused a dead letter", **about, shortened=shortened)
            return
        record = _named(message.value)
        detail = orjson.dumps(record).decode()
        letters = refused_records(
            f"kafka:{message.topic}", [(message.value, reason)], time.time_ns(), detail
        )
        self.to_topic(letters)
        self._keep(letters)
        _LOG.error("Kafka refused a record: it is a dead letter", **about, **record)

    def _keep(self, letters: RecordBatch) -> None:
        if self.store is None:
            return
        # A connection belongs to the thread that has opened it.
        part = self.store.build_part("letters", "00", None)
        part.write_batch([letters])
        part.close()


def _named(value: bytes) -> dict[str, Any]:
    """Which record an encoded one is; a tag may be as long as a message."""
    content = orjson.loads(value)
    return {name: shortened(content.get(name)) for name in ("id", "signal", "time_ns", "tags")}
