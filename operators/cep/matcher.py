"""Many patterns over one stream of events, by key, batch by batch."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import polars as pl

from operators.cep.batch import Candidates, Key, KeyedBatch, Row, Values, candidates
from operators.cep.compile import bind
from operators.cep.in_turn import RunsInTurn
from operators.cep.keyed_runs import KeyedRuns
from operators.cep.layout import EventLayout
from operators.cep.limits import Limits
from operators.cep.results import Counts, Held, Kind, Result
from operators.cep.runs import Found, Runs
from operators.cep.saved import fingerprint, is_in_turn, load, save
from operators.cep.walk import Numbered, Stop, Walk, never
from operators.keygroups.saved import check_version
from tidegauge.batch import TIME
from tidegauge.expressions.compiled import Columns
from tidegauge.patterns.checks import PatternError
from tidegauge.patterns.pattern import Pattern

STATE_VERSION = 3
READ_VERSIONS = (1, 2, 3)
_UNLESS_SAID = Limits()


@dataclass(slots=True)
class _Reading:
    """A batch that is being read.

    Attributes:
        events: the events.
        done: for each pattern the place up to which they were read.
        walks: the patterns that there is something to read for, each with what it reads.
        results: those that were found.
    """

    events: pl.DataFrame
    done: list[int]
    walks: list[tuple[int, Walk, Candidates, Sequence[Row], dict[int, Runs]]]
    results: list[Numbered]


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
        behind: whether `go_on` or `advance` was stopped, and is to be called again.

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
        chosen = names if timeouts is True else timeouts or ()
        self._timeouts = [name in chosen for name in names]
        self.bound = [
            bind(pattern, columns, self.layout, each_told=each)
            for pattern, each in zip(patterns, self._timeouts, strict=True)
        ]
        self._keyed = KeyedRuns(len(self.bound))
        self.live = self._keyed.by_key
        self.read = 0
        self.behind = False
        self._reading: _Reading | None = None
        self.counts = {pattern.name: Counts() for pattern in patterns}
        self._by = tuple(by)
        self._limits = _limits_of(names, limits)
        self._fingerprints = [
            fingerprint(pattern, beside.get(pattern.name, "")) for pattern in patterns
        ]
        self._in_order = in_order

    @property
    def idle(self) -> bool:
        """Whether there is neither an unfinished run nor a held match."""
        return not self.live

    def held(self) -> Held:
        """How much is held now, over all keys and patterns."""
        return self._keyed.held()

    def held_by_pattern(self) -> dict[str, Held]:
        """How much is held now, by name of the pattern."""
        names = (pattern.name for pattern in self.patterns)
        return dict(zip(names, self._keyed.held_by_pattern(), strict=True))

    def held_ns(self, key: Key) -> int:
        """Earliest end of the matches of a key that are held back; `NEVER` for none."""
        return self._keyed.held_ns(key)

    def process(self, events: pl.DataFrame) -> list[Result]:
        """Read events, in their order; the column `TIME` has their times.

        Results come in the order of the events that brought them.

        Raises:
            SkipError: a strict skip strategy has nowhere to go.
        """
        self.begin(events)
        return self.go_on()

    def begin(self, events: pl.DataFrame) -> None:
        """Have events to read by `go_on`, in place of `process`; all before them were read."""
        if events.height:
            self._begin(events, [0] * len(self.bound))

    def _begin(self, events: pl.DataFrame, done: list[int]) -> None:
        batch = KeyedBatch(events, self._by, TIME)
        holds = self.layout.holds(events)
        living = self._keyed.of_keys(batch.keys)
        chosen = []
        for number, bound in enumerate(self.bound):
            flags = np.zeros(len(batch.keys), np.bool_)
            flags[list(living[number])] = True
            chosen.append(candidates(bound, batch, holds, flags))
        values = Values(self.layout, events, batch, chosen)
        last_times = batch.last_times().tolist()
        self._reading = reading = _Reading(events, done, [], [])
        for number, picked in enumerate(chosen):
            if len(picked.places) or living[number]:
                walk = Walk(self, number, batch, last_times, reading.results)
                reading.walks.append((number, walk, picked, values.at(picked), living[number]))
        self.behind = True

    def go_on(self, stop: Stop = never) -> list[Result]:
        """Read what there is to read, or a part of it: `behind` says whether there is more.

        What is found does not depend on where it stops.

        Args:
            stop: asked now and then whether to stop; something is read in any case.

        Raises:
            SkipError: a strict skip strategy has nowhere to go.
        """
        reading = self._reading
        if reading is None:
            return []
        for number, walk, picked, rows, living in reading.walks:
            if reading.done[number] < reading.events.height:
                walk.stop = stop
                reading.done[number] = walk.run(picked, rows, living, reading.done[number])
                if reading.done[number] < reading.events.height:
                    break
        else:
            self.read += reading.events.height
            self._reading, self.behind = None, False
        results = sorted(reading.results, key=_number)
        reading.results.clear()
        return [result for _, result in results]

    @property
    def unread(self) -> int:
        """How many events there are that `go_on` has not read to the end."""
        return 0 if self._reading is None else self._reading.events.height

    def advance(self, time_ns: int, stop: Stop = never) -> list[Result]:
        """Let the time of every key go on: runs whose window is over end.

        Args:
            time_ns: up to when; all events before it were read.
            stop: as of `go_on`.

        Raises:
            SkipError: a strict skip strategy has nowhere to go.
        """
        ended: list[tuple[int, int, list[Result]]] = []
        self.behind = False
        for number, key, runs in self._keyed.due(time_ns):
            found = self.results(number, key, runs.advance(time_ns), time_ns, None)
            first = [found[0].path[0].seq] if found else [gone.seq for gone in runs.dropped]
            if first:
                ended.append((number, first[0], found + self.dropped(number, key, runs, None)))
            self.keep(number, key, runs)
            if stop():
                self.behind = True
                break
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
            "reading": self._saved_reading(),
        }

    def _saved_reading(self) -> dict[str, Any] | None:
        reading = self._reading
        if reading is None:
            return None
        done = zip(self._fingerprints, reading.done, strict=True)
        waits = {number for number, *_ in reading.walks}
        return {
            "events": reading.events,
            "done": {
                mark: place if number in waits else reading.events.height
                for number, (mark, place) in enumerate(done)
            },
        }

    def restore(self, snapshot: Mapping[str, Any]) -> list[str]:
        """Go on where a snapshot was taken, also one of other patterns.

        Patterns that are the same keep their runs. The names of those that were changed or are not
        there any more are returned: their runs are gone.

        Raises:
            UserMistake: the snapshot is of another version.
        """
        if snapshot["version"] not in READ_VERSIONS:
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
                in_turn = self.bound[number].program.in_turn or is_in_turn(of_key)
                runs = self._runs(number, in_turn=in_turn)
                load(of_key, runs, lambda row: _in_order(row, order))
                self.keep(number, key, runs)
        if (reading := snapshot.get("reading")) is not None:
            # One that begins anew begins with the events that are still there.
            self._begin(
                reading["events"], [reading["done"].get(one, 0) for one in self._fingerprints]
            )
        return gone

    def new_runs(self, number: int) -> Runs:
        """Runs of a pattern in a key where none lives."""
        program = self.bound[number].program
        return self._runs(number, in_turn=program.in_turn)

    def _runs(self, number: int, *, in_turn: bool) -> Runs:
        kind = RunsInTurn if in_turn else Runs
        return kind(
            self.bound[number].program,
            self._limits[number],
            timeouts=self._timeouts[number],
            in_order=self._in_order,
        )

    def keep(self, number: int, key: Key, runs: Runs) -> None:
        """Remember the runs of a pattern in a key, or forget them when none lives."""
        self._keyed.keep(number, key, runs)

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

    def dropped(self, number: int, key: Key, runs: Runs, event: int | None) -> list[Result]:
        """Results about runs that were given up; taken away from `runs`."""
        name = self.patterns[number].name
        told = [
            Result(Kind.DROPPED, name, key, (), gone.time_ns, event, gone.runs, gone.reason)
            for gone in runs.dropped
        ]
        self.counts[name].dropped += sum(gone.runs for gone in runs.dropped)
        runs.dropped.clear()
        return told


def _number(found: Numbered) -> int:
    return found[0]


def _limits_of(names: Sequence[str], limits: Limits | Mapping[str, Limits] | None) -> list[Limits]:
    if isinstance(limits, Mapping):
        return [limits.get(name, _UNLESS_SAID) for name in names]
    return [limits or _UNLESS_SAID] * len(names)


def _in_order(row: Sequence[Any], order: Sequence[int | None]) -> tuple[Any, ...]:
    """Values of a row in the order of today's layout; None for what it does not have."""
    return tuple(None if at is None else row[at] for at in order)
