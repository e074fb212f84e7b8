"""What a run may do next, worked out from the pattern's tree: no state machine."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from tidegauge.patterns.pattern import Absence, Contiguity, Group, Item, Step


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


def after(
    done: Done, absences: tuple[Absence, ...], closing: tuple[Absence, ...] = ()
) -> Iterator[Option | str]:
    """Ways on after a pass of an item that ends with negative steps."""
    item = done.items[done.at]
    assert not isinstance(item, Absence)
    most = item.quantifier.maximum
    if most is None or done.count < most:
        # Counting further than the least number makes no difference without an upper bound.
        count = done.count + 1
        if most is None:
            count = min(count, max(item.quantifier.minimum, 1))
        held = tuple(_held(done))
        for way in _enter(replace(done, count=count), item.quantifier.inner, ()):
            yield replace(
                way,
                again=isinstance(item, Step),
                absences=(*absences, *closing, *held, *way.absences),
            )
    if done.count >= item.quantifier.minimum or _may_be_empty(item):
        yield from ways_into(Rest(done.items, done.at + 1, done.outer), absences, closing)


def ways_into(
    rest: Rest, absences: tuple[Absence, ...] = (), trailing: tuple[Absence, ...] = ()
) -> Iterator[Option | str]:
    """Ways into what is left of a sequence; `trailing` are negative steps right before it."""
    for at in range(rest.at, len(rest.items)):
        item = rest.items[at]
        if isinstance(item, Absence):
            trailing += (item,)
            continue
        absences, trailing = (*absences, *trailing), ()
        greedy = tuple(_greedy_before(rest.items[:at]))
        done = Done(rest.items, at, 1, rest.outer)
        for way in _enter(done, item.contiguity, greedy):
            yield replace(way, absences=(*absences, *way.absences))
        if not _may_be_left_out(item):
            return
    if rest.outer is not None:
        yield from after(rest.outer, absences, trailing)
    elif not trailing:
        yield "match"
    else:
        greedy = tuple(_greedy_before(rest.items))
        yield Option(
            Contiguity.RELAXED,
            end=_longest(trailing),
            absences=(*absences, *trailing),
            greedy=greedy,
        )


def _longest(trailing: Sequence[Absence]) -> Absence:
    """Of negative steps at the end the one that is waited for: the last that counts longer."""
    relaxed = [one for one in trailing if one.contiguity is Contiguity.RELAXED]
    return (relaxed or list(trailing))[-1]


def _enter(done: Done, gap: Contiguity, greedy: tuple[tuple[Step, bool], ...]) -> Iterator[Option]:
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
            for way in _enter(Done(branch, at, 1, done), rule, before):
                yield replace(way, absences=(*absences, *way.absences))
            if not _may_be_left_out(inner):
                break


def ranked(ways: Iterable[Option | str]) -> tuple[Option, ...]:
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
