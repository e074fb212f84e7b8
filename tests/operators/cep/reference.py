"""A slow matcher, written from the meaning of patterns: every run is a list of its own.

No state machine, no sharing, no columns. What a run may do next is worked out from the pattern's
tree after every event; conditions are Python functions of an event and the run's events by step.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tidegauge.patterns.condition import Always, Condition, Sql
from tidegauge.patterns.pattern import Absence, Contiguity, Group, Item, Pattern, SkipTo, Step

Event = Mapping[str, Any]
Taken = Mapping[str, list[Event]]
Meaning = Callable[[Event, Taken], bool]


@dataclass(frozen=True)
class Rest:
    """What follows in a sequence from `at` on, then what follows that sequence."""

    items: tuple[Item, ...]
    at: int
    outer: "Done | None"


@dataclass(frozen=True)
class Done:
    """Some pass of an item of a sequence is done."""

    items: tuple[Item, ...]
    at: int
    count: int
    outer: "Done | None"


@dataclass(frozen=True)
class Option:
    """One way to go on: `step` None waits for the end of the pattern."""

    gap: Contiguity
    step: Step | None = None
    after: Done | None = None
    end: Absence | None = None
    again: bool = False
    absences: tuple[Absence, ...] = ()
    greedy: tuple[tuple[Step, bool], ...] = ()
    lifted: frozenset[str] = frozenset()
    rank: int = 0

    @property
    def limit(self) -> int | None:
        source = self.step or self.end
        return None if source is None else source.within_ns

    def groups(self) -> Iterator[Group]:
        done = None if self.after is None else self.after.outer
        while done is not None:
            item = done.items[done.at]
            assert isinstance(item, Group)
            yield item
            done = done.outer


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
        self.timeouts: list[tuple[dict[str, list[int]], int]] = []

    def process(self, event: Event) -> None:
        self.advance(event["time_ns"])
        number = len(self.events)
        self.events.append(event)
        ways = self._open(Rest(self.pattern.sequence, 0, None))
        entry = tuple(way for way in _ranked(ways) if way.step is not None)
        runs: list[Run] = []
        for run in [*self.runs, Run(options=entry)]:
            runs += self._read(run, number)
        self.runs = runs
        self._give(f"e{number}")

    def advance(self, time_ns: int) -> None:
        left = []
        for run in self.runs:
            at_ns = self._ended_at(run, time_ns)
            if at_ns is None:
                left.append(run)
                continue
            is_match, times_out = self._ends(run)
            if is_match:
                self.held.append(run)
            if times_out:
                self.timeouts.append((run.match(), at_ns))
        self.runs = left
        self._give(f"t{time_ns}")

    def _ended_at(self, run: Run, time_ns: int) -> int | None:
        last_ns = self.events[run.taken[-1][1]]["time_ns"]
        limits = [option.limit for option in run.options if option.limit is not None]
        if limits and time_ns - last_ns >= min(limits):
            return int(last_ns + min(limits))
        first_ns = self.events[run.first]["time_ns"]
        window = self.pattern.within_ns
        if window is not None and time_ns - first_ns >= window:
            return int(first_ns + window)
        return None

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

        if any(
            absence.contiguity is Contiguity.RELAXED and holds(absence.where)
            for option in run.options
            for absence in option.absences
        ):
            return []
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
        onward = list(self._after(option.after, ()))
        ways = _ranked(onward)
        longer = Run(
            (*run.taken, (option.step.name, number)), (*run.order, (number, option.rank)), ways
        )
        if any(way == "match" for way in onward):
            self.held.append(longer)
        return [longer] if ways else []

    def _after(self, done: Done, absences: tuple[Absence, ...]) -> Iterator[Option | str]:
        """Ways on after a pass of an item."""
        item = done.items[done.at]
        assert not isinstance(item, Absence)
        most = item.quantifier.maximum
        if most is None or done.count < most:
            # Counting further than the least number makes no difference without an upper bound.
            count = done.count + 1
            if most is None:
                count = min(count, max(item.quantifier.minimum, 1))
            held = tuple(_held(done))
            for way in self._enter(replace(done, count=count), item.quantifier.inner, ()):
                yield replace(
                    way,
                    again=isinstance(item, Step),
                    absences=(*absences, *held, *way.absences),
                )
        if done.count >= item.quantifier.minimum or _may_be_empty(item):
            yield from self._open(Rest(done.items, done.at + 1, done.outer), absences)

    def _open(
        self, rest: Rest, absences: tuple[Absence, ...] = (), gap: Contiguity | None = None
    ) -> Iterator[Option | str]:
        """Ways into what is left of a sequence."""
        trailing: tuple[Absence, ...] = ()
        for at in range(rest.at, len(rest.items)):
            item = rest.items[at]
            if isinstance(item, Absence):
                trailing += (item,)
                continue
            absences, trailing = (*absences, *trailing), ()
            greedy = tuple(_greedy_before(rest.items[:at]))
            done = Done(rest.items, at, 1, rest.outer)
            for way in self._enter(done, gap or item.contiguity, greedy):
                yield replace(way, absences=(*absences, *way.absences))
            gap = None
            if not _may_be_left_out(item):
                return
        if rest.outer is not None:
            yield from self._after(rest.outer, (*absences, *trailing))
        elif not trailing:
            yield "match"
        else:
            greedy = tuple(_greedy_before(rest.items))
            yield Option(
                Contiguity.RELAXED,
                end=trailing[-1],
                absences=(*absences, *trailing),
                greedy=greedy,
            )

    def _enter(
        self, done: Done, gap: Contiguity, greedy: tuple[tuple[Step, bool], ...]
    ) -> Iterator[Option]:
        """Ways to begin a pass of an item."""
        item = done.items[done.at]
        if isinstance(item, Step):
            yield Option(gap, item, done, greedy=greedy)
            return
        assert isinstance(item, Group)
        for branch in item.branches:
            absences: tuple[Absence, ...] = ()
            for at, inner in enumerate(branch):
                if isinstance(inner, Absence):
                    absences += (inner,)
                    continue
                rule = gap if at == 0 else inner.contiguity
                before = (*greedy, *_greedy_before(branch[:at]))
                for way in self._enter(Done(branch, at, 1, done), rule, before):
                    yield replace(way, absences=(*absences, *way.absences))
                if not _may_be_left_out(inner):
                    break

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


def _ranked(ways: Iterable[Option | str]) -> tuple[Option, ...]:
    """The ways with their order; two that lead to the same place have the same."""
    ranks: dict[Done | None, int] = {}
    return tuple(
        replace(way, rank=ranks.setdefault(way.after, len(ranks)))
        for way in ways
        if isinstance(way, Option)
    )


def _may_be_left_out(item: Step | Group) -> bool:
    return item.quantifier.optional or _may_be_empty(item)


def _may_be_empty(item: Step | Group) -> bool:
    return isinstance(item, Group) and any(
        all(_may_be_left_out(part) for part in branch if not isinstance(part, Absence))
        for branch in item.branches
    )


def _held(done: Done) -> Iterator[Absence]:
    """What must not follow an item, from its first event on."""
    here: Done | None = done
    while here is not None:
        for item in here.items[here.at + 1 :]:
            if not isinstance(item, Absence):
                return
            if item.contiguity is Contiguity.RELAXED:
                yield item
        here = here.outer


def _greedy_before(items: Sequence[Item]) -> Iterator[tuple[Step, bool]]:
    """Greedy steps right before, and whether only the next event is kept for them."""
    first_only = False
    for item in reversed(items):
        if isinstance(item, Absence):
            first_only = first_only or item.contiguity is Contiguity.STRICT
            continue
        if isinstance(item, Group):
            for branch in item.branches:
                for step, only in _greedy_before(branch):
                    yield step, only or first_only
        elif item.quantifier.greedy and item.quantifier.minimum != item.quantifier.maximum:
            yield item, first_only
        return
