"""Many patterns over one stream of events, by key, batch by batch."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import astuple
from heapq import heapify, heappop, heappush
from types import MappingProxyType
from typing import Any

import numpy as np
import polars as pl

from operators.cep.batch import Key, KeyedBatch, Values, candidates
from operators.cep.buffer import NEVER
from operators.cep.compile import bind
from operators.cep.layout import EventLayout
from operators.cep.limits import Limits
from operators.cep.results import Counts, Held, Kind, Result
from operators.cep.runs import Found, Runs
from operators.cep.saved import fingerprint, load, save
from operators.cep.walk import Walk
from operators.keygroups.saved import check_version
from tidegauge.batch import TIME
from tidegauge.expressions.compiled import Columns
from tidegauge.patterns.checks import PatternError
from tidegauge.patterns.pattern import Pattern

STATE_VERSION = 1
_UNLESS_SAID = Limits()
Due = tuple[int, int, int, Key]
"""When `advance` must look at the runs of a pattern in a key: time, serial, pattern, key."""


class Matcher:
    """Finds patterns in events that come in their order within each key.

    Predicates that look at the event alone are evaluated in columns, each once, however many
    patterns have it. Events that can move no run are never looked at one by one.

    Args:
        patterns: what to look for; their names are different.
        columns: columns of the events and their types.
        by: key columns.
        carry: columns that results show, and that conditions in Python see.
        limits: bounds for each key, of all patterns or by name of the pattern.
        timeouts: whether runs that time out are results; or of which patterns they are.
        in_order: whether events of a key come in event-time order; if not, in that of arrival.
        beside: by name of the pattern, what else must be the same for it to keep its runs at a
            restart, such as its measures.

    Attributes:
        counts: running totals by name of the pattern.
        live: runs by key and number of the pattern.
        read: how many events were read.

    Raises:
        PatternError: a condition cannot be compiled, or two patterns have one name.
    """

    def __init__(
        self,
        patterns: Sequence[Pattern],
        columns: Columns,
        *,
        by: Sequence[str] = (),
        carry: Sequence[str] = (),
        limits: Limits | Mapping[str, Limits] | None = None,
        timeouts: bool | Collection[str] = False,
        in_order: bool = True,
        beside: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.patterns = tuple(patterns)
        names = [pattern.name for pattern in patterns]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise PatternError(f"two patterns are called {twice}; each needs a name of its own")
        self.layout = EventLayout(carry)
        self.bound = [bind(pattern, columns, self.layout) for pattern in patterns]
        self.live: dict[Key, dict[int, Runs]] = {}
        self.read = 0
        self.counts = {pattern.name: Counts() for pattern in patterns}
        self._by = tuple(by)
        self._limits = _limits_of(names, limits)
        chosen = names if timeouts is True else timeouts or ()
        self._timeouts = [name in chosen for name in names]
        self._fingerprints = [
            fingerprint(pattern, beside.get(pattern.name, "")) for pattern in patterns
        ]
        self._in_order = in_order
        self._due: list[Due] = []
        self._serial = 0

    @property
    def idle(self) -> bool:
        """Whether there is neither an unfinished run nor a held match."""
        return not self.live

    def held(self) -> Held:
        """How much is held now, over all keys and patterns."""
        alive = [runs for of_key in self.live.values() for runs in of_key.values()]
        return _held(alive, len(self.live))

    def held_by_pattern(self) -> dict[str, Held]:
        """How much is held now, by name of the pattern."""
        found: dict[int, list[Runs]] = {}
        for of_key in self.live.values():
            for number, runs in of_key.items():
                found.setdefault(number, []).append(runs)
        return {
            pattern.name: _held(alive, len(alive))
            for number, pattern in enumerate(self.patterns)
            for alive in [found.get(number, [])]
        }

    def held_ns(self, key: Key) -> int:
        """Earliest end of the matches of a key that are held back; `NEVER` for none."""
        of_key = self.live.get(key, {})
        waiting = (path for runs in of_key.values() for _, path in runs.after.waiting)
        return min((path[-1].time_ns for path in waiting), default=NEVER)

    def process(self, events: pl.DataFrame) -> list[Result]:
        """Read events, in their order; the column `TIME` has their times.

        Results come in the order of the events that brought them.

        Raises:
            SkipError: a strict skip strategy has nowhere to go.
        """
        if not events.height:
            return []
        batch = KeyedBatch(events, self._by, TIME)
        holds = self.layout.holds(events)
        living = self._living(batch)
        chosen = []
        for number, bound in enumerate(self.bound):
            flags = np.zeros(len(batch.keys), np.bool_)
            flags[list(living[number])] = True
            chosen.append(candidates(bound, batch, holds, flags))
        values = Values(self.layout, events, batch, chosen)
        results: list[tuple[int, Result]] = []
        last_times = batch.last_times().tolist()
        for number, picked in enumerate(chosen):
            if len(picked.places) or living[number]:
                walk = Walk(self, number, batch, last_times, results)
                walk.run(picked, values.at(picked), living[number])
        self.read += events.height
        results.sort(key=lambda found: found[0])
        return [result for _, result in results]

    def advance(self, time_ns: int) -> list[Result]:
        """Let the time of every key go on: runs whose window is over end.

        Raises:
            SkipError: a strict skip strategy has nowhere to go.
        """
        ended: list[tuple[int, int, list[Result]]] = []
        while self._due and self._due[0][0] <= time_ns:
            due_ns, _, number, key = heappop(self._due)
            runs = self.live.get(key, {}).get(number)
            if runs is None or runs.queued_ns != due_ns:
                continue
            if runs.over(time_ns):
                self._forget(number, key)
                continue
            runs.queued_ns = NEVER
            found = self.results(number, key, runs.advance(time_ns), time_ns, None)
            if found:
                ended.append((number, found[0].path[0].seq, found))
            self.keep(number, key, runs)
        ended.sort(key=lambda end: end[:2])
        return [result for _, _, found in ended for result in found]

    def snapshot(self) -> dict[str, Any]:
        """Everything a restart needs: plain values, runs by pattern and key."""
        saved: dict[str, Any] = {
            pattern.name: {
                "fingerprint": mark,
                "counts": astuple(self.counts[pattern.name]),
                "keys": {},
            }
            for pattern, mark in zip(self.patterns, self._fingerprints, strict=True)
        }
        for key, of_key in self.live.items():
            for number, runs in of_key.items():
                saved[self.patterns[number].name]["keys"][key] = save(runs)
        return {
            "version": STATE_VERSION,
            "read": self.read,
            "slots": self.layout.slots,
            "patterns": saved,
        }

    def restore(self, snapshot: Mapping[str, Any]) -> list[str]:
        """Go on where a snapshot was taken, also one of other patterns.

        Patterns that are the same keep their runs. The names of those that were changed or are not
        there any more are returned: their runs are gone.

        Raises:
            UserMistake: the snapshot is of another version.
        """
        check_version("patterns", snapshot["version"], STATE_VERSION)
        self.read = snapshot["read"]
        known = {slot: at for at, slot in enumerate(snapshot["slots"])}
        order = [known.get(slot) for slot in self.layout.slots]
        numbers = {mark: number for number, mark in enumerate(self._fingerprints)}
        gone = []
        for name, saved in snapshot["patterns"].items():
            number = numbers.get(saved["fingerprint"])
            if number is None:
                gone.append(name)
                continue
            self.counts[name] = Counts(*saved["counts"])
            for key, of_key in saved["keys"].items():
                runs = self.new_runs(number)
                load(of_key, runs, lambda row: _in_order(row, order))
                self.keep(number, key, runs)
        return gone

    def new_runs(self, number: int) -> Runs:
        """Runs of a pattern in a key where none lives."""
        return Runs(
            self.bound[number].program,
            self._limits[number],
            timeouts=self._timeouts[number],
            in_order=self._in_order,
        )

    def keep(self, number: int, key: Key, runs: Runs) -> None:
        """Remember the runs of a pattern in a key, or forget them when none lives."""
        if runs.idle:
            self._forget(number, key)
            return
        of_key = self.live.get(key)
        if of_key is None:
            of_key = self.live[key] = {}
        of_key[number] = runs
        if runs.deadline_ns < runs.queued_ns:
            self._serial += 1
            runs.queued_ns = runs.deadline_ns
            heappush(self._due, (runs.deadline_ns, self._serial, number, key))
            if len(self._due) > 1_000 + 4 * len(self.live) * len(self.bound):
                self._forget_stale()

    def results(
        self, number: int, key: Key, found: Iterable[Found], time_ns: int, event: int | None
    ) -> list[Result]:
        """Results of one event or of one advance of time."""
        name = self.patterns[number].name
        counts = self.counts[name]
        found = list(found)
        timeouts = sum(one.timeout_ns is not None for one in found)
        counts.timeouts += timeouts
        counts.matches += len(found) - timeouts
        return [
            Result(Kind.MATCH, name, key, one.path, time_ns, event)
            if one.timeout_ns is None
            else Result(Kind.TIMEOUT, name, key, one.path, one.timeout_ns, event)
            for one in found
        ]

    def dropped(self, number: int, key: Key, runs: Runs, event: int) -> list[Result]:
        """Results about runs that were given up; taken away from `runs`."""
        name = self.patterns[number].name
        told = [
            Result(Kind.DROPPED, name, key, (), gone.time_ns, event, gone.runs, gone.reason)
            for gone in runs.dropped
        ]
        self.counts[name].dropped += sum(gone.runs for gone in runs.dropped)
        runs.dropped.clear()
        return told

    def _living(self, batch: KeyedBatch) -> list[dict[int, Runs]]:
        """For each pattern, the runs by number of the key in the batch."""
        living: list[dict[int, Runs]] = [{} for _ in self.bound]
        if self.live:
            get = self.live.get
            for at, key in enumerate(batch.keys):
                of_key = get(key)
                if of_key is not None:
                    for number, runs in of_key.items():
                        living[number][at] = runs
        return living

    def _forget(self, number: int, key: Key) -> None:
        of_key = self.live.get(key)
        if of_key is not None and of_key.pop(number, None) is not None and not of_key:
            del self.live[key]

    def _forget_stale(self) -> None:
        self._due = [
            due
            for due in self._due
            if (runs := self.live.get(due[3], {}).get(due[2])) is not None
            and runs.queued_ns == due[0]
        ]
        heapify(self._due)


def _held(alive: Sequence[Runs], keys: int) -> Held:
    return Held(
        keys=keys,
        runs=sum(runs.bound for runs in alive),
        nodes=sum(runs.made for runs in alive),
        waiting=sum(len(runs.after.waiting) for runs in alive),
    )


def _limits_of(names: Sequence[str], limits: Limits | Mapping[str, Limits] | None) -> list[Limits]:
    if isinstance(limits, Mapping):
        return [limits.get(name, _UNLESS_SAID) for name in names]
    return [limits or _UNLESS_SAID] * len(names)


def _in_order(row: Sequence[Any], order: Sequence[int | None]) -> tuple[Any, ...]:
    """Values of a row in the order of today's layout; None for what it does not have."""
    return tuple(None if at is None else row[at] for at in order)
