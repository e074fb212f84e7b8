"""What the flow tells of the intake of each source: what it took, refused, and where it stands."""

from collections.abc import Callable, Mapping, Sequence

import bytewax.operators as op
from bytewax.dataflow import Stream

from dataflows.topology.context import Records
from operators.health.operator import dead_letters, partition_health
from operators.intake.operator import processed_events
from operators.ledger.operator import ledger
from tidegauge.batch import EventBatch
from tidegauge.catalogue import DEAD_LETTERS
from tidegauge.spec.models import Pipeline

Batches = Mapping[str, Stream[EventBatch]]


def refused_messages(batches: Batches) -> list[Records]:
    """Dead letters."""
    return [dead_letters(f"dead_letters_{name}", up) for name, up in batches.items()]


def intake_health(
    batches: Batches, clock_ns: Callable[[], int], operators: Sequence[Records]
) -> list[Records]:
    """The health of each partition, and the ledger of what became of its messages.

    Args:
        batches: events of each source.
        clock_ns: wall clock, for the fields of records that tell of the run.
        operators: what windows and patterns give, with letters about events that they did not take.
    """
    health = [partition_health(f"health_{name}", up, clock_ns) for name, up in batches.items()]
    letters = None
    if operators:
        taken = op.merge("taken", *operators)
        letters = op.filter("refused", taken, lambda item: item[1].signal == DEAD_LETTERS)
    return health + [
        ledger(f"ledger_{name}", up, clock_ns, name, letters) for name, up in batches.items()
    ]


def taken_events(pipeline: Pipeline, batches: Batches) -> list[Records]:
    """The events as the flow has read them, where they are asked for."""
    if pipeline.output.kafka is None or not pipeline.output.kafka.events:
        return []
    return [processed_events(f"events_{name}", up) for name, up in batches.items()]
