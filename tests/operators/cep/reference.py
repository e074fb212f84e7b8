"""A slow matcher, written from the meaning of patterns: every run is a list of its own.

No state machine, no sharing, no columns. What a run may do next is worked out from the pattern's
tree after every event; conditions are Python functions of an event and the run's events by step.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import inf
from typing import Any

from tests.operators.cep.reference_ways import Option, Rest, after, ranked, ways_into
from tidegauge.patterns.condition import Always, Condition, Sql
from tidegauge.patterns.pattern import Contiguity, Pattern, SkipTo

Event = Mapping[str, Any]
Taken = Mapping[str, list[Event]]
Meaning = Callable[[Event, Taken], bool]


@dataclass(frozen=True)
class Run:
    """Events taken, each with its step; open options; whether no event was read since."""

    taken: tuple[tuple[str, int], ...] = ()
    order: tuple[tuple[int, int], ...] = ()
    options: tuple[Option, ...] = ()
    fresh: bool = True

    @property
    def first(self) -> int:
        return self.taken[0][1]

    def match(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for step, event in self.taken:
            found.setdefault(step, []).append(event)
        return found


class ReferenceMatcher:
    """One pattern in one key; collects (match, token) and (match, time)."""

    def __init__(self, pattern: Pattern, meanings: Mapping[str, Meaning]) -> None:
        self.pattern = pattern
        self.meanings = meanings
        self.events: list[Event] = []
        self.runs: list[Run] = []
        self.held: list[Run] = []
        self.matches: list[tuple[dict[str, list[int]], str]] = []
        self.timeouts: list[tuple[dict[str, list[int]], float]] = []

    def process(self, event: Event) -> None:
        self.advance(event["time_ns"])
        number = len(self.events)
        self.events.append(event)
        ways = ways_into(Rest(self.pattern.sequence, 0, None))
        entry = tuple(way for way in ranked(ways) if way.step is not None)
        runs: list[Run] = []
        for run in [*self.runs, Run(options=entry)]:
            runs += self._read(run, number)
        self.runs = runs
        self._give(f"e{number}")

    def advance(self, time_ns: int) -> None:
        """Let time go on, from one end of a window to the next."""
        while ends := [at for run in self.runs if (at := self._end_of(run)) <= time_ns]:
            self._end(min(ends))
            self._give(f"t{time_ns}")

    def _end(self, time_ns: float) -> None:
        left = []
        for run in self.runs:
            if self._end_of(run) > time_ns:
                left.append(run)
                continue
            is_match, times_out = self._ends(run)
            if is_match:
                self.held.append(run)
            if times_out:
                self.timeouts.append((run.match(), time_ns))
        self.runs = left

    def _end_of(self, run: Run) -> float:
        """When the time of a run is over."""
        last_ns = self.events[run.taken[-1][1]]["time_ns"]
        ends = [last_ns + option.limit for option in run.options if option.limit is not None]
        if self.pattern.within_ns is not None:
            ends.append(self.events[run.first]["time_ns"] + self.pattern.within_ns)
        return min(ends, default=inf)

    @staticmethod
    def _ends(run: Run) -> tuple[bool, bool]:
        """Whether a run whose time is over is a match, and whether it times out."""
        waits = [
            option.end is not None and option.end.contiguity is Contiguity.RELAXED
            for option in run.options
        ]
        # A match must not depend on the very next event, or on leaving a loop that goes on.
        next_matters = not all(waits) or any(
            absence.contiguity is Contiguity.STRICT
            for option in run.options
            for absence in option.absences
        )
        is_match = any(waits) and not (run.fresh and next_matters)
        return is_match, not is_match or not all(waits)

    def _holds(self, condition: Condition, event: Event, run: Run) -> bool:
        if isinstance(condition, Always):
            return True
        assert isinstance(condition, Sql)
        taken: dict[str, list[Event]] = {}
        for step, number in run.taken:
            taken.setdefault(step, []).append(self.events[number])
        return self.meanings[condition.text](event, taken)

    def _read(self, run: Run, number: int) -> list[Run]:
        """What an event makes of a run; matches are put among those held."""
        event = self.events[number]

        def holds(condition: Condition | None) -> bool:
            return condition is not None and self._holds(condition, event, run)

        ends = any(
            absence.contiguity is Contiguity.RELAXED and holds(absence.where)
            for option in run.options
            for absence in option.absences
        )
        options = [self._lift(option, run, holds) for option in run.options]
        free = [option for option in options if not self._blocked(option, run, holds)]
        if run.fresh and any(
            absence.contiguity is Contiguity.STRICT and holds(absence.where)
            for option in free
            for absence in option.absences
        ):
            return []
        result, stay = [], []
        for option in free:
            if option.step is None:
                assert option.end is not None
                if option.end.contiguity is Contiguity.STRICT:
                    self.held.append(run)
                else:
                    stay.append(option)
                continue
            fits = holds(option.step.where)
            stops = holds(option.step.until)
            if fits and not stops:
                result += self._taken(run, option, number)
            passes = option.gap is Contiguity.ANY or (option.gap is Contiguity.RELAXED and not fits)
            if passes and not (option.again and stops):
                stay.append(option)
        if ends:
            return []  # but what the event completed is a match
        if stay and run.taken:
            result.append(replace(run, options=tuple(stay), fresh=False))
        return result

    @staticmethod
    def _lift(option: Option, run: Run, holds: Callable[[Condition | None], bool]) -> Option:
        lifted = {step.name for step, _ in option.greedy if run.fresh and holds(step.until)}
        return replace(option, lifted=option.lifted | lifted)

    @staticmethod
    def _blocked(option: Option, run: Run, holds: Callable[[Condition | None], bool]) -> bool:
        return any(holds(group.until) for group in option.groups()) or any(
            step.name not in option.lifted and (run.fresh or not first_only) and holds(step.where)
            for step, first_only in option.greedy
        )

    def _taken(self, run: Run, option: Option, number: int) -> list[Run]:
        assert option.step is not None
        assert option.after is not None
        onward = list(after(option.after, ()))
        ways = ranked(onward)
        longer = Run(
            (*run.taken, (option.step.name, number)), (*run.order, (number, option.rank)), ways
        )
        if any(way == "match" for way in onward):
            self.held.append(longer)
        return [longer] if ways else []

    def _give(self, token: str) -> None:
        """Give held matches out, in order, and remove what they make void."""
        skip = self.pattern.skip
        if skip.to is SkipTo.NO_SKIP:
            self.matches += [(run.match(), token) for run in self.held]
            self.held = []
            return
        while self.held:
            run = min(self.held, key=lambda held: held.order)
            if any(other.first < run.first for other in self.runs):
                return
            self.held.remove(run)
            self.matches.append((run.match(), token))
            void = self._void_before(run)
            self.runs = [other for other in self.runs if other.first >= void]
            self.held = [other for other in self.held if other.first >= void]

    def _void_before(self, run: Run) -> int:
        skip = self.pattern.skip
        if skip.to is SkipTo.PAST_LAST:
            return run.taken[-1][1] + 1
        if skip.to is SkipTo.TO_NEXT:
            return run.first + 1
        events = run.match().get(str(skip.step), [])
        if not events:
            return 0
        return events[0] if skip.to is SkipTo.TO_FIRST else events[-1]
