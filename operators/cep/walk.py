"""One pattern over one batch: from event to event that can move a run, key by key."""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Protocol

import numpy as np

from operators.cep.batch import Candidates, Key, KeyedBatch, Row
from operators.cep.compile import Bound
from operators.cep.nfa import ALWAYS_BIT
from operators.cep.results import Result
from operators.cep.runs import Found, Runs

Numbered = tuple[int, Result]
"""A result with the number of the event that brought it or made time go on."""


class Keeper(Protocol):
    """Who keeps the runs of all keys."""

    bound: list[Bound]
    read: int

    def new_runs(self, number: int) -> Runs:
        """Runs of a pattern in a key where none lives."""
        ...

    def keep(self, number: int, key: Key, runs: Runs) -> None:
        """Remember the runs of a pattern in a key, or forget them when none lives."""
        ...

    def results(
        self, number: int, key: Key, found: Iterable[Found], time_ns: int, event: int | None
    ) -> list[Result]:
        """Results of one event or of one advance of time."""
        ...

    def dropped(self, number: int, key: Key, runs: Runs, event: int | None) -> list[Result]:
        """Results about runs that were given up; taken away from `runs`."""
        ...


class Walk:
    """Reads the events of a batch that can move a run of one pattern.

    Args:
        keeper: who keeps the runs.
        number: which pattern.
        batch: the events.
        last_times: for each key of the batch the highest time.
        results: where results go.
    """

    def __init__(
        self,
        keeper: Keeper,
        number: int,
        batch: KeyedBatch,
        last_times: Sequence[int],
        results: list[Numbered],
    ) -> None:
        self._keeper = keeper
        self._number = number
        self._batch = batch
        self._last_times = last_times
        self._results = results
        self._begins = keeper.bound[number].begins or -1

    def run(self, picked: Candidates, rows: Sequence[Row], living: dict[int, Runs]) -> None:
        """Read the candidates, and what else matters to runs that wait for time or any event.

        Args:
            picked: events for which a predicate holds.
            rows: their values.
            living: runs by number of the key.
        """
        batch = self._batch
        others = np.flatnonzero(picked.keys[1:] != picked.keys[:-1]) + 1
        changes = [0, *others.tolist()] if len(picked.keys) else []
        keys = picked.keys[changes].tolist()
        # One iterator over all: it makes no object for each event.
        events = zip(
            picked.places.tolist(),
            picked.bits.tolist(),
            batch.times[picked.places].tolist(),
            (batch.rows[picked.places] + self._keeper.read).tolist(),
            rows,
            strict=True,
        )
        ends = [*changes, len(rows)][1:]
        for at, first, end in zip(keys, changes, ends, strict=True):
            runs = living.pop(at, None)
            if runs is None:
                runs = self._keeper.new_runs(self._number)
            self._finish(at, runs, self._read(at, runs, islice(events, end - first)))
        for at, runs in living.items():
            if runs.configuration.needs_next or runs.wake_ns <= self._last_times[at]:
                self._finish(at, runs, batch.ends[at - 1] if at else 0)

    def _read(self, at: int, runs: Runs, events: Iterable[tuple[int, int, int, int, Row]]) -> int:
        """The candidates of one key; the place after the last one."""
        begins = self._begins
        done = self._batch.ends[at - 1] if at else 0
        for place, bits, time_ns, seq, row in events:
            if runs.configuration.needs_next or runs.wake_ns <= time_ns:
                self._wake(at, runs, done, place)
            if runs.deadline_ns <= time_ns:
                ended = runs.advance(time_ns)
                if ended or runs.dropped:
                    self._tell(at, runs, ended, time_ns, seq, None)
            done = place + 1
            configuration = runs.configuration
            if bits & begins or bits & configuration.looks or configuration.needs_next:
                found = runs.take(seq, time_ns, row, bits)
                if found or runs.dropped:
                    self._tell(at, runs, found, time_ns, seq, seq)
        return done

    def _finish(self, at: int, runs: Runs, done: int) -> None:
        """The rest of a key's events."""
        if runs.configuration.needs_next or runs.wake_ns <= self._last_times[at]:
            self._wake(at, runs, done, self._batch.ends[at])
        self._keeper.keep(self._number, self._batch.keys[at], runs)

    def _wake(self, at: int, runs: Runs, place: int, end: int) -> None:
        """Events in [place, end) for which no predicate holds, where they matter nevertheless."""
        batch = self._batch
        while place < end:
            if not runs.configuration.needs_next:
                place = batch.first_at(runs.wake_ns, place, end)
                if place >= end:
                    return
            time_ns = int(batch.times[place])
            seq = self._keeper.read + int(batch.rows[place])
            self._tell(at, runs, runs.advance(time_ns), time_ns, seq, None)
            if runs.configuration.needs_next:
                found = runs.take(seq, time_ns, None, ALWAYS_BIT)
                self._tell(at, runs, found, time_ns, seq, seq)
            place += 1

    def _tell(
        self,
        at: int,
        runs: Runs,
        found: list[Found],
        time_ns: int,
        seq: int,
        event: int | None,
    ) -> None:
        key = self._batch.keys[at]
        results = self._keeper.results(self._number, key, found, time_ns, event)
        if runs.dropped:
            results += self._keeper.dropped(self._number, key, runs, seq)
        self._results += [(seq, result) for result in results]
