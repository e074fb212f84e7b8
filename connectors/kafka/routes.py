"""Which records go to which Kafka topic, and how they are encoded."""

from collections.abc import Callable

import polars as pl

from connectors.codecs.dead_letters_json import dead_letter_messages
from connectors.codecs.events_json import EventJson
from connectors.codecs.messages import Message
from connectors.codecs.records_json import RecordJson
from tidegauge.catalogue import Catalogue
from tidegauge.records import RecordBatch
from tidegauge.signals import Signal, SignalKind
from tidegauge.spec.models import KafkaOutput

HIGHEST_QUIET_LEVEL = 7
"""Alerts above this level go to the topic of critical alerts."""
CHANGED = "_changed"
"""Column of an alert frame: the row is a change of state, not the state written again."""
ANNOUNCED = ("firing", "resolved", "stale")
"""States that are announced; a pending alert may still come to nothing."""

_Encode = Callable[[RecordBatch, str], list[Message]]
_CRITICAL = (
    pl.col(CHANGED) & (pl.col("level") > HIGHEST_QUIET_LEVEL) & pl.col("state").is_in(ANNOUNCED)
)


class Routes:
    """Encoder of all records of a pipeline that Kafka gets; others become no message.

    Window results, all revisions, anomalies, matches, forecasts, predictions and, where the
    pipeline asks for them, processed events go to `output.topic`, alerts above level 7 to
    `output.critical_topic` when they begin to fire and when they end, refused records to the topic
    of dead letters.

    Args:
        catalogue: signals and tags of the pipeline.
        output: topics of the pipeline's output; None sends dead letters only.
        dead_letter_topic: topic of refused records.
    """

    def __init__(
        self, catalogue: Catalogue, output: KafkaOutput | None, dead_letter_topic: str
    ) -> None:
        self._signals = catalogue.signals
        self._topics = {SignalKind.DEAD_LETTER: dead_letter_topic}
        if output is not None:
            self._topics |= {
                SignalKind.WINDOW: output.topic,
                SignalKind.ANOMALY: output.topic,
                SignalKind.MATCH: output.topic,
                SignalKind.FORECAST: output.topic,
                SignalKind.PREDICTION: output.topic,
                SignalKind.ALERT: output.critical_topic,
            }
            if output.events:
                self._topics[SignalKind.EVENT] = output.topic
        self._encode = {signal.name: _encoder(signal, catalogue) for signal in catalogue}

    @property
    def topics(self) -> frozenset[str]:
        """All topics that records go to."""
        return frozenset(self._topics.values())

    def __call__(self, batch: RecordBatch) -> list[Message]:
        """The messages of a batch, in the order of its rows."""
        kind = self._signals[batch.signal].kind
        topic = self._topics.get(kind)
        if topic is None:
            return []
        if kind is SignalKind.ALERT:
            batch = RecordBatch(batch.signal, batch.frame.filter(_CRITICAL))
        return self._encode[batch.signal](batch, topic)


def _encoder(signal: Signal, catalogue: Catalogue) -> _Encode:
    match signal.kind:
        case SignalKind.DEAD_LETTER:
            return dead_letter_messages
        case SignalKind.EVENT:
            return EventJson(signal).messages
        case _:
            labels = {k: v for k, v in catalogue.constant_tags.items() if k != "pipeline"}
            return RecordJson(signal, catalogue.pipeline, labels).messages
