"""What the journal says, on its way to the steps that go by it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import bytewax.operators as op
from bytewax.dataflow import Dataflow, Stream
from bytewax.inputs import Source
from bytewax.operators import KeyedStream

from dataflows.topology.parts import safe_source
from operators.keygroups.names import group_names
from operators.progress.journaled import JournaledBoard
from operators.progress.operator import tell_progress
from tidegauge.batch import EventBatch
from tidegauge.journal import Floor, News
from tidegauge.labels import Label
from tidegauge.patterns.changes import PatternChange

Timed = Stream[EventBatch] | Stream[EventBatch | Floor]
"""What moves the watermark of a source: its batches, and its floors where there is a journal."""


@dataclass(frozen=True)
class JournalFlow:
    """What a flow does with the journal.

    Attributes:
        entries: source of its floors, labels and changes of patterns.
        board: hears of the partitions of other processes; None where no floors are written.
        labels: those that were in it at the start.
        pattern_changes: those that were in it at the start.
    """

    entries: Source[News]
    board: JournaledBoard | None
    labels: Sequence[Label] = ()
    pattern_changes: Sequence[PatternChange] = ()


def read_journal(graph: Dataflow, journal: JournalFlow | None) -> Stream[News] | None:
    """What comes from the journal, where there is one."""
    if journal is None:
        return None
    return op.input("journal", graph, safe_source(journal.entries))


def new_labels(news: Stream[News], key_groups: int) -> KeyedStream[Label]:
    """Labels as they are given, for every key group."""
    names = group_names(key_groups)

    def copies(found: list[News]) -> Iterable[tuple[str, Label]]:
        return [(name, one) for one in found if isinstance(one, Label) for name in names]

    return op.flat_map_batch("labels", news, copies)


def new_pattern_changes(news: Stream[News]) -> Stream[PatternChange]:
    """Changes of patterns as they are made."""
    return op.filter_map(
        "pattern_changes", news, lambda one: one if isinstance(one, PatternChange) else None
    )


def with_floors(
    news: Stream[News] | None,
    batches: Mapping[str, Stream[EventBatch]],
    journal: JournalFlow | None,
) -> Mapping[str, Timed]:
    """The batches of each source merged with its floors, for whatever keeps a watermark."""
    if journal is None or news is None:
        return batches
    floors = op.filter_map("floors", news, lambda one: one if isinstance(one, Floor) else None)
    timed: dict[str, Timed] = {}
    for name, up in batches.items():
        own = op.filter(f"floors_{name}", floors, lambda floor, name=name: floor.source == name)  # type: ignore[misc]  # the default makes it a lambda of one
        timed[name] = op.merge(f"with_floors_{name}", up, own)
        if journal.board is not None:
            tell_progress(f"progress_{name}", up, journal.board)
    return timed
