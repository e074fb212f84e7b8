"""The ledger of one partition: a record for each range of offsets, rewritten while it fills."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import polars as pl

from operators.keygroups.saved import check_version
from tidegauge.batch import Counts, Tally, stamp_ns
from tidegauge.catalogue import LEDGER, LEDGER_SIGNAL
from tidegauge.records import TIME_NS, RecordBatch

STATE_VERSION = 1
_SCHEMA = {TIME_NS: pl.Int64} | {column.name: column.type.dtype for column in LEDGER_SIGNAL.columns}
_FEW = 100_000
"""Numbers of ranges that fit below a millisecond."""


class PartitionLedger:
    """Adds up what became of the messages of one partition.

    The time of a record is when its range was first read, and below the millisecond the range's
    number: the same in every run, so that a replay writes it over itself. No message says it: a
    sender could set it to where nobody looks, or where the store takes nothing.

    Args:
        saved: where an earlier run stopped.

    Raises:
        UserMistake: the saved state is of another version.
    """

    def __init__(self, saved: dict[str, Any] | None = None) -> None:
        self._open: Tally | None = None
        if saved is not None:
            check_version("ledgers", saved["version"], STATE_VERSION)
            if saved["open"] is not None:
                number, first, following, begun_ms, counts = saved["open"]
                self._open = Tally(number, first, following, begun_ms, Counts(*counts))
        self.dirty = self._open is not None
        """Whether no record has told of all that was added."""

    def add(self, tally: Tally) -> Tally | None:
        """Take in what became of further messages.

        Returns:
            the range before, where this one is of another: it is complete.
        """
        before, complete = self._open, None
        if before is not None and before.number != tally.number:
            before, complete = None, before
        if before is None:
            self._open = tally
        else:
            begun = before.first_offset, tally.next_offset, before.begun_ms
            self._open = Tally(tally.number, *begun, before.counts + tally.counts)
        self.dirty = True
        return complete

    def lose(self, events: int) -> None:
        """Events that were called on time are in nothing: an operator had no use for them any more.

        They are taken off the range that is being filled, for it is told at once.
        """
        if self._open is not None:
            lost = Counts(on_time=-events)
            self._open = replace(self._open, counts=self._open.counts + lost)
            self.dirty = True

    def flush(self) -> Tally | None:
        """The range that is being filled, where no record has told of all of it."""
        told, self.dirty = (self._open if self.dirty else None), False
        return told

    def snapshot(self) -> dict[str, Any]:
        """Everything a restart needs."""
        one, saved = self._open, None
        if one is not None:
            counts = tuple(getattr(one.counts, name) for name in Counts.__slots__)
            saved = (one.number, one.first_offset, one.next_offset, one.begun_ms, counts)
        return {"version": STATE_VERSION, "open": saved}


def ledger_records(
    source: str, topic: str, partition: int, ranges: list[Tally]
) -> list[RecordBatch]:
    """Records of ranges; none for no ranges."""
    if not ranges:
        return []
    place = {"source": source, "topic": topic, "partition": partition}
    rows = [_row(place, one) for one in ranges]
    return [RecordBatch(LEDGER, pl.DataFrame(rows, schema=_SCHEMA))]


def _row(place: Mapping[str, object], one: Tally) -> dict[str, object]:
    counts = one.counts
    told = counts.on_time + counts.corrections + counts.filtered + counts.dead_lettered
    return {
        TIME_NS: stamp_ns(one.begun_ms) + one.number % _FEW,
        **place,
        "first_offset": one.first_offset,
        "next_offset": one.next_offset,
        "read": counts.read,
        "on_time": counts.on_time,
        "corrections": counts.corrections,
        "filtered": counts.filtered,
        "dead_lettered": counts.dead_lettered,
        "late": counts.late,
        "unaccounted": counts.read - told,
    }
