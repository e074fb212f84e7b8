"""Where a run can stand in a pattern, and the ways it can go on from there."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum

from tidegauge.patterns.checks import may_be_empty, omissible
from tidegauge.patterns.condition import Condition
from tidegauge.patterns.pattern import Absence, Contiguity, Group, Item, Pattern, Sequence, Step

Frame = tuple[int, int, int]
"""Number of a sequence, index of an item in it, and which pass of that item it is (from 1)."""
Frames = tuple[Frame, ...]
"""A place in the pattern: outermost sequence first; the last frame is a step."""


class Tail(Enum):
    """A match that waits for what must not come at the end of the pattern."""

    NEXT_EVENT = "next event"
    WINDOW_END = "window end"


@dataclass(frozen=True, slots=True)
class Greedy:
    """A greedy step right before: its events are left alone, unless `until` came first.

    `first_only`: only the first event after the last one taken is looked at.
    """

    where: Condition
    until: Condition | None
    first_only: bool = False


@dataclass(frozen=True, slots=True)
class Way:
    """One way to go on: take an event for `step` and be at `target`, or wait for the end (`tail`).

    `blocks` keep the event from being taken or passed over, `never_take` and `never_pass` from
    one of the two. `ends` end the whole run, `ends_next` only as the very next event.
    """

    gap: Contiguity
    target: Frames = ()
    step: Step | None = None
    tail: Tail | None = None
    blocks: tuple[Condition, ...] = ()
    never_take: tuple[Condition, ...] = ()
    never_pass: tuple[Condition, ...] = ()
    greedy: tuple[Greedy, ...] = ()
    ends: tuple[Condition, ...] = ()
    ends_next: tuple[Condition, ...] = ()
    within_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Onward:
    """All ways from a place, and whether what was taken is a match already."""

    ways: tuple[Way, ...]
    accepts: bool


class Places:
    """Works out the ways from every place of a pattern."""

    def __init__(self, pattern: Pattern) -> None:
        self._sequences: list[Sequence] = []
        self._branches: dict[int, tuple[int, ...]] = {}
        self._number(pattern.sequence)

    def from_start(self) -> Onward:
        """Ways into the pattern; the contiguity of the first event does not matter."""
        collected = _Collected()
        self._walk((), (0, 0), (), (), collected)
        # Nothing taken is no match: there is no waiting for the end either.
        ways = (way for way in collected.ways if way.tail is None)
        return Onward(tuple(ways), accepts=False)

    def after(self, frames: Frames) -> Onward:
        """Ways on after an event was taken at a place."""
        collected = _Collected()
        self._leave(frames, (), (), collected)
        return Onward(tuple(collected.ways), collected.accepts)

    def step_at(self, frames: Frames) -> Step:
        """The step of a place."""
        sequence, index, _ = frames[-1]
        item = self._sequences[sequence][index]
        if not isinstance(item, Step):
            raise TypeError(f"place {frames} is no step")
        return item

    def _number(self, sequence: Sequence) -> int:
        number = len(self._sequences)
        self._sequences.append(sequence)
        for item in sequence:
            if isinstance(item, Group):
                self._branches[id(item)] = tuple(self._number(branch) for branch in item.branches)
        return number

    def _leave(
        self,
        frames: Frames,
        crossed: tuple[Absence, ...],
        trailing: tuple[Absence, ...],
        collected: "_Collected",
    ) -> None:
        """A pass of the innermost item is done: again, or on to what follows it.

        `trailing` is what must not come at the end of the pass; what `crossed` has lies behind
        steps that were left out.
        """
        *outer, (sequence, index, count) = frames
        item = self._sequences[sequence][index]
        if isinstance(item, Absence):
            raise TypeError(f"place {frames} is a negative step")
        quantifier = item.quantifier
        if quantifier.maximum is None or count < quantifier.maximum:
            cap = max(quantifier.minimum, 1) if quantifier.maximum is None else count + 1
            frame = (sequence, index, min(count + 1, cap))
            held = self._held_absences(frames)
            until = (item.until,) if isinstance(item, Step) and item.until is not None else ()
            absent = (*crossed, *trailing, *held)
            ways = self._enter(item, (*outer, frame), quantifier.inner, absent, ())
            collected.ways += [replace(way, never_pass=until) for way in ways]
        if count >= quantifier.minimum or may_be_empty(item):
            self._walk(tuple(outer), (sequence, index + 1), crossed, trailing, collected)

    def _walk(
        self,
        outer: Frames,
        place: tuple[int, int],
        crossed: tuple[Absence, ...],
        trailing: tuple[Absence, ...],
        collected: "_Collected",
    ) -> None:
        """Ways into the items of a sequence from an index on; `trailing` lies right before it."""
        sequence, index = place
        items = self._sequences[sequence]
        for at in range(index, len(items)):
            item = items[at]
            if isinstance(item, Absence):
                trailing += (item,)
                continue
            crossed, trailing = (*crossed, *trailing), ()
            frame = (sequence, at, 1)
            greedy = tuple(self._greedy_before(items[:at]))
            collected.ways += self._enter(item, (*outer, frame), item.contiguity, crossed, greedy)
            if not omissible(item):
                return
        if outer:
            self._leave(outer, crossed, trailing, collected)
        elif trailing:
            greedy = tuple(self._greedy_before(items))
            collected.ways.append(_tail(trailing, crossed, greedy))
        else:
            collected.accepts = True

    def _enter(
        self,
        item: Item,
        frames: Frames,
        gap: Contiguity,
        crossed: tuple[Absence, ...],
        greedy: tuple[Greedy, ...],
    ) -> list[Way]:
        """Ways to begin a pass of an item."""
        if isinstance(item, Step):
            return [self._take(item, frames, gap, crossed, greedy)]
        ways: list[Way] = []
        if isinstance(item, Group):
            for number in self._branches[id(item)]:
                ways += self._enter_branch(number, frames, gap, crossed, greedy)
        return ways

    def _enter_branch(
        self,
        number: int,
        frames: Frames,
        gap: Contiguity,
        crossed: tuple[Absence, ...],
        greedy: tuple[Greedy, ...],
    ) -> list[Way]:
        ways: list[Way] = []
        items = self._sequences[number]
        for at, item in enumerate(items):
            if isinstance(item, Absence):
                crossed += (item,)
                continue
            rule = gap if at == 0 else item.contiguity
            before = (*greedy, *self._greedy_before(items[:at]))
            ways += self._enter(item, (*frames, (number, at, 1)), rule, crossed, before)
            if not omissible(item):
                break
        return ways

    def _take(
        self,
        step: Step,
        frames: Frames,
        gap: Contiguity,
        crossed: tuple[Absence, ...],
        greedy: tuple[Greedy, ...],
    ) -> Way:
        groups = (self._sequences[sequence][index] for sequence, index, _ in frames[:-1])
        return Way(
            gap=gap,
            target=frames,
            step=step,
            blocks=tuple(
                group.until
                for group in groups
                if isinstance(group, Group) and group.until is not None
            ),
            never_take=() if step.until is None else (step.until,),
            greedy=greedy,
            ends=_conditions(crossed, Contiguity.RELAXED),
            ends_next=_conditions(crossed, Contiguity.STRICT),
            within_ns=step.within_ns,
        )

    def _held_absences(self, frames: Frames) -> tuple[Absence, ...]:
        """What must not follow the innermost item: it holds from the item's first event on."""
        held: tuple[Absence, ...] = ()
        for sequence, index, _ in reversed(frames):
            items = self._sequences[sequence]
            after = index + 1
            while after < len(items):
                item = items[after]
                if not isinstance(item, Absence):
                    return held
                if item.contiguity is Contiguity.RELAXED:
                    held += (item,)
                after += 1
        return held

    def _greedy_before(self, items: Sequence) -> Iterator[Greedy]:
        """The greedy steps that end right before the end of `items`."""
        first_only = False
        for item in reversed(items):
            if isinstance(item, Absence):
                first_only |= item.contiguity is Contiguity.STRICT
                continue
            if isinstance(item, Group):
                for branch in item.branches:
                    for greedy in self._greedy_before(branch):
                        yield replace(greedy, first_only=first_only or greedy.first_only)
            elif item.quantifier.greedy and not item.quantifier.exact:
                yield Greedy(item.where, item.until, first_only)
            return


@dataclass(slots=True)
class _Collected:
    ways: list[Way]
    accepts: bool = False

    def __init__(self) -> None:
        self.ways = []
        self.accepts = False


def _tail(
    trailing: tuple[Absence, ...], crossed: tuple[Absence, ...], greedy: tuple[Greedy, ...]
) -> Way:
    """Waiting for what must not come: for the next event, or for the end where it counts longer."""
    every = (*crossed, *trailing)
    strict = all(one.contiguity is Contiguity.STRICT for one in trailing)
    return Way(
        gap=Contiguity.RELAXED,
        tail=Tail.NEXT_EVENT if strict else Tail.WINDOW_END,
        greedy=greedy,
        ends=_conditions(every, Contiguity.RELAXED),
        ends_next=_conditions(every, Contiguity.STRICT),
        within_ns=trailing[-1].within_ns,
    )


def _conditions(absences: tuple[Absence, ...], contiguity: Contiguity) -> tuple[Condition, ...]:
    return tuple(dict.fromkeys(step.where for step in absences if step.contiguity is contiguity))
