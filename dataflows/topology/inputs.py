"""What a flow reads: events, and the journal where there is one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import bytewax.operators as op
from bytewax.dataflow import Dataflow, Stream
from bytewax.inputs import Source

from dataflows.topology.journal import JournalFlow, Timed, read_journal, with_floors
from dataflows.topology.parts import safe_source
from tidegauge.batch import EventBatch
from tidegauge.journal import News
from tidegauge.labels import Label
from tidegauge.patterns.changes import PatternChange


@dataclass(frozen=True)
class Inputs:
    """The streams that all others are made of.

    Attributes:
        batches: events of each source, and what was refused of them.
        timed: what moves the watermark of each source.
        news: what comes from the journal; None where there is none.
        labels: those that were in the journal at the start.
        pattern_changes: those that were in it at the start.
    """

    batches: Mapping[str, Stream[EventBatch]]
    timed: Mapping[str, Timed]
    news: Stream[News] | None = None
    labels: Sequence[Label] = ()
    pattern_changes: Sequence[PatternChange] = ()


def read_inputs(
    graph: Dataflow, sources: Mapping[str, Source[EventBatch]], journal: JournalFlow | None
) -> Inputs:
    """Read each source and the journal, whose floors go to the source that they are of."""
    batches = {
        name: op.input(f"read_{name}", graph, safe_source(source))
        for name, source in sources.items()
    }
    news = read_journal(graph, journal)
    timed = with_floors(news, batches, journal)
    if journal is None:
        return Inputs(batches, timed)
    return Inputs(batches, timed, news, journal.labels, journal.pattern_changes)
