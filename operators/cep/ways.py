"""Ways to go on from a place, over numbered predicates: an event is the bits of those that hold."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from operators.cep.positions import Frames, Tail
from tidegauge.patterns.pattern import Contiguity


class GreedyBits(NamedTuple):
    """A greedy step right before: its events are left alone.

    Attributes:
        where: what the greedy step takes.
        until: what lifts the block when it comes first after a take; 0 for nothing.
        first_only: only the first event after the last one taken is looked at.
        lift: number of the block among those of its place.
    """

    where: int
    until: int
    first_only: bool
    lift: int


@dataclass(frozen=True, slots=True)
class BitWay:
    """A `Way` with bits instead of conditions."""

    gap: Contiguity
    target: Frames
    tail: Tail | None
    where: int
    blocks: int
    never_take: int
    never_pass: int
    greedy: tuple[GreedyBits, ...]
    ends: int
    ends_next: int
    within_ns: int | None

    def blocked(self, bits: int, lifted: int, *, fresh: bool) -> bool:
        """Whether an event is neither taken nor passed over.

        Args:
            bits: predicates that hold.
            lifted: greedy blocks that were lifted.
            fresh: whether it is the first event after a take.
        """
        return bool(bits & self.blocks) or self.left_alone(bits, lifted, fresh=fresh)

    def left_alone(self, bits: int, lifted: int, *, fresh: bool) -> bool:
        """Whether a greedy step before has a claim to the event; arguments as of `blocked`."""
        return any(
            bits & one.where and not lifted >> one.lift & 1 and (fresh or not one.first_only)
            for one in self.greedy
        )

    def takes(self, bits: int) -> bool:
        """Whether an event that is not blocked is taken."""
        return bool(self.tail is None and bits & self.where and not bits & self.never_take)

    def passes(self, bits: int) -> bool:
        """Whether an event that is not blocked may be passed over."""
        if self.tail is not None:
            return self.tail is Tail.WINDOW_END
        if bits & self.never_pass or self.gap is Contiguity.STRICT:
            return False
        return self.gap is Contiguity.ANY or not bits & self.where


def looks(ways: Iterable[BitWay]) -> int:
    """Predicates that matter to any of the ways."""
    bits = 0
    for way in ways:
        bits |= way.where | way.blocks | way.never_take | way.never_pass | way.ends | way.ends_next
        for one in way.greedy:
            bits |= one.where | one.until
    return bits


def ranks(ways: Iterable[BitWay]) -> dict[Frames, int]:
    """Rank of each target: that of the first way that leads there."""
    found: dict[Frames, int] = {}
    for number, way in enumerate(ways):
        found.setdefault(way.target, number)
    return found


def looks_at_next(ways: Sequence[BitWay]) -> bool:
    """Whether the first event after a take is special."""
    return (len(ways) > 1 and any(way.tail is Tail.WINDOW_END for way in ways)) or any(
        way.ends_next
        or way.tail is Tail.NEXT_EVENT
        or any(one.until or one.first_only for one in way.greedy)
        for way in ways
    )


def lifts(ways: Iterable[BitWay], bits: int) -> int:
    """Greedy blocks that this event, the first after a take, lifts for good."""
    return sum(1 << one.lift for way in ways for one in way.greedy if bits & one.until)


def lift_bits(ways: Iterable[BitWay]) -> int:
    """All greedy blocks of some ways."""
    return sum(1 << one.lift for way in ways for one in way.greedy)
