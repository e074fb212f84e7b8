"""One pattern over one batch: from event to event that can move a run, key by key."""

from collections.abc import Callable, Iterable, Sequence
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
Stop = Callable[[], bool]
"""Whether to stop here and go on later; asked after each event that can move a run."""


def never() -> bool:
    """To the end."""
    return False


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

    Attributes:
        stop: whether to stop at an event.
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
        self.stop: Stop = never
        self._stopped = False

    def run(
        self, picked: Candidates, rows: Sequence[Row], living: dict[int, Runs], start: int
    ) -> int:
        """Read the candidates, and what else matters to runs that wait for time or any event.

        Args:
            picked: events for which a predicate holds.
            rows: their values.
            living: runs by number of the key; those of keys that were read are taken away.
            start: the place from which to read.

        Returns:
            the place up to which all was read.
        """
        batch = self._batch
        self._stopped = False
        skipped = int(np.searchsorted(picked.places, start))
        places, bits = picked.places[skipped:], picked.bits[skipped:]
        of_key = picked.keys[skipped:]
        others = np.flatnonzero(of_key[1:] != of_key[:-1]) + 1
        changes = [0, *others.tolist()] if len(of_key) else []
        counts = np.diff([*changes, len(of_key)]).tolist()
        to_read = dict(zip(of_key[changes].tolist(), counts, strict=True))
        # One iterator over all: it makes no object for each event.
        events = zip(
            places.tolist(),
            bits.tolist(),
            batch.times[places].tolist(),
            (batch.rows[places] + self._keeper.read).tolist(),
            islice(rows, skipped, None),
            strict=True,
        )
        for at in sorted({*to_read, *living}) if living else to_read:
            begin = max(batch.ends[at - 1] if at else 0, start)
            runs = living.pop(at, None)
            if at in to_read:
                if runs is None:
                    runs = self._keeper.new_runs(self._number)
                begin = self._read(at, runs, islice(events, to_read[at]), begin)
            if runs is not None and not self._stopped and begin < batch.ends[at]:
                begin = self._rest(at, runs, begin)
            if runs is not None:
                self._keeper.keep(self._number, batch.keys[at], runs)
            if self._stopped:
                if runs is not None and not runs.idle:
                    living[at] = runs
                return begin
        return batch.height

    def _read(
        self, at: int, runs: Runs, events: Iterable[tuple[int, int, int, int, Row]], done: int
    ) -> int:
        """The candidates of one key; the place after the last one."""
        begins = self._begins
        for place, bits, time_ns, seq, row in events:
            if runs.configuration.needs_next or runs.wake_ns <= time_ns:
                done = self._wake(at, runs, done, place)
                if self._stopped:
                    return done
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
                if self.stop():
                    self._stopped = True
                    return done
        return done

    def _rest(self, at: int, runs: Runs, done: int) -> int:
        """The rest of a key's events; the place up to which they were read."""
        if runs.configuration.needs_next or runs.wake_ns <= self._last_times[at]:
            return self._wake(at, runs, done, self._batch.ends[at])
        return self._batch.ends[at]

    def _wake(self, at: int, runs: Runs, place: int, end: int) -> int:
        """Events in [place, end) for which no predicate holds, where they matter nevertheless.

        Returns:
            the place up to which they were read.
        """
        batch = self._batch
        while place < end:
            if not runs.configuration.needs_next:
                place = batch.first_at(runs.wake_ns, place, end)
                if place >= end:
                    return end
            time_ns = int(batch.times[place])
            seq = self._keeper.read + int(batch.rows[place])
            self._tell(at, runs, runs.advance(time_ns), time_ns, seq, None)
            if runs.configuration.needs_next:
                found = runs.take(seq, time_ns, None, ALWAYS_BIT)
                self._tell(at, runs, found, time_ns, seq, seq)
            place += 1
            if self.stop():
                self._stopped = True
                return place
        return end

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
