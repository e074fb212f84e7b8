"""A batch of events by key, and which of them can matter to a pattern."""

from bisect import bisect_left
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from operators.cep.compile import Bound
from operators.cep.layout import Booleans, EventLayout
from operators.cep.nfa import ALWAYS_BIT

Integers = npt.NDArray[np.int64]
Key = tuple[Hashable, ...]


class KeyedBatch:
    """Events sorted by key; within a key in their order. A place is an index into this order.

    Args:
        frame: events in processing order.
        by: key columns; without any, all events have one key.
        time: name of the column of event times (Int64, nanoseconds).
    """

    def __init__(self, frame: pl.DataFrame, by: Sequence[str], time: str) -> None:
        self.height = frame.height
        if by:
            grouped = (
                frame.select(by)
                .with_row_index("\x00row")
                .group_by(by, maintain_order=True)
                .agg("\x00row")
            )
            members = grouped["\x00row"]
            lengths = members.list.len().to_numpy()
            self.rows: Integers = members.explode().to_numpy().astype(np.int64)
            self.keys: list[Key] = grouped.select(by).rows()
        else:
            lengths = np.array([frame.height])
            self.rows = np.arange(frame.height)
            self.keys = [()]
        self.ends: list[int] = np.cumsum(lengths).tolist()
        self.key_at: Integers = np.repeat(np.arange(len(lengths)), lengths)
        self.place_of_row = np.empty(frame.height, np.int64)
        self.place_of_row[self.rows] = np.arange(frame.height)
        self.times: Integers = frame[time].to_numpy()[self.rows]
        same_key = self.key_at[1:] == self.key_at[:-1]
        self._sorted = not np.any((self.times[1:] < self.times[:-1]) & same_key)

    def last_times(self) -> Integers:
        """The highest time of each key."""
        if not self.height:
            return np.empty(0, np.int64)
        starts = np.concatenate(([0], np.array(self.ends[:-1], np.int64)))
        return np.maximum.reduceat(self.times, starts)

    def first_at(self, time_ns: int, place: int, end: int) -> int:
        """The first place from `place` on with at least this time; `end` if there is none."""
        if self._sorted:
            return bisect_left(self.times, time_ns, place, end)
        later = np.flatnonzero(self.times[place:end] >= time_ns)
        return place + int(later[0]) if len(later) else end


Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Candidates:
    """Events that can move a run of one pattern, by place: their key's number and predicates."""

    places: Integers
    keys: Integers
    bits: Integers


def candidates(
    bound: Bound, batch: KeyedBatch, holds: Sequence[Booleans], live: Booleans
) -> Candidates:
    """Events for which a predicate of the pattern holds, of keys where a run lives or begins.

    Args:
        bound: the pattern.
        batch: the events.
        holds: for each predicate of the layout, the events (in their own order) it holds for.
        live: for each key of the batch, whether a run lives.
    """
    places = np.arange(batch.height) if bound.every_event else _relevant(bound, batch, holds)
    rows = batch.rows[places]
    bits = np.full(len(places), ALWAYS_BIT, np.int64)
    for bit, number in bound.sources:
        bits |= np.where(holds[number][rows], bit, 0)
    keys = batch.key_at[places]
    keep = live[keys] | _since_beginning(keys, bits & bound.begins if bound.begins else bits)
    return Candidates(places[keep], keys[keep], bits[keep])


def _relevant(bound: Bound, batch: KeyedBatch, holds: Sequence[Booleans]) -> Integers:
    if not bound.sources:
        return np.empty(0, np.int64)
    relevant = np.logical_or.reduce([holds[number] for _, number in bound.sources])
    places: Integers = batch.place_of_row[np.flatnonzero(relevant)]
    places.sort()
    return places


def _since_beginning(keys: Integers, begins: Integers) -> Booleans:
    """Whether an event, or one before it of the same key, can begin a run."""
    order = np.arange(len(keys))
    first_of_key = np.ones(len(keys), np.bool_)
    first_of_key[1:] = keys[1:] != keys[:-1]
    first = np.maximum.accumulate(np.where(first_of_key, order, 0))
    begun = np.maximum.accumulate(np.where(begins != 0, order, -1))
    return np.asarray(begun >= first, np.bool_)


class Values:
    """Rows of the events that any pattern may take."""

    def __init__(
        self,
        layout: EventLayout,
        events: pl.DataFrame,
        batch: KeyedBatch,
        chosen: Sequence[Candidates],
    ) -> None:
        wanted = np.zeros(batch.height, np.bool_)
        for picked in chosen:
            wanted[picked.places] = True
        places = np.flatnonzero(wanted)
        self._rows = layout.rows(events, batch.rows[places])
        self._at = np.zeros(batch.height, np.int64)
        self._at[places] = np.arange(len(places))

    def at(self, picked: Candidates) -> list[Row]:
        """Rows of the candidates of one pattern."""
        rows = self._rows
        return [rows[at] for at in self._at[picked.places].tolist()]
