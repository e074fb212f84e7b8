"""A cluster of processes ends together, whichever of them was told to."""

import structlog
from confluent_kafka import KafkaException

from connectors.kafka.client import short
from connectors.kafka.drain_notes import DrainNotes
from dataflows.lifecycle.drain import Drain
from dataflows.lifecycle.invocation import Invocation
from tidegauge.errors import Stop, UserMistake
from tidegauge.settings import Settings
from tidegauge.spec.models import Pipeline

_LOG = structlog.get_logger("tidegauge")


def drain_together(
    drain: Drain, pipeline: Pipeline, settings: Settings, invocation: Invocation
) -> None:
    """Tell the others of a signal, and hear of theirs, by way of the pipeline's journal.

    A process that is alone has nobody to tell; a bounded run writes no journal and ends by itself.

    Raises:
        UserMistake: the broker does not tell where the journal ends.
    """
    if settings.bounded or not invocation.clustered:
        return
    try:
        notes = DrainNotes(settings, pipeline.journal_topic, ";".join(invocation.addresses))
    except Stop as error:
        raise UserMistake(str(error)) from None

    def tell() -> None:
        try:
            notes.tell()
        except KafkaException as error:
            _LOG.error(
                "The other processes were not told to end: end them, too",
                reason=short(error.args[0]),
            )

    drain.share(tell)
    notes.follow(drain.ask)
