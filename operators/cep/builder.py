"""Writing a pattern in Python, step by step."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Self

from operators.cep.draft import Draft
from tidegauge.patterns.checks import PatternError, check_pattern
from tidegauge.patterns.condition import ALWAYS, Condition, Sql
from tidegauge.patterns.pattern import NO_SKIP, Contiguity, Pattern, Sequence, Skip, SkipTo

Where = Condition | str | None
"""A condition, SQL text of one, or None for any event."""


def condition(where: Where) -> Condition:
    """The condition meant by SQL text or None."""
    if where is None:
        return ALWAYS
    return Sql(where) if isinstance(where, str) else where


@dataclass(frozen=True, slots=True)
class Chain:
    """A sequence of steps; every call gives a new one. What follows a step describes that step.

    >>> loop = chain().begin("b", "kind = 'b'").one_or_more().greedy()
    >>> [item.name for item in loop.sequence()]
    ['b']
    """

    drafts: tuple[Draft, ...] = ()

    def begin(self, step: "str | Chain | OneOf", where: Where = None) -> Self:
        """The first step or group."""
        if self.drafts:
            raise PatternError("begin is for the first step; use next, followed_by or the like")
        return self._append(step, where, Contiguity.RELAXED)

    def next(self, step: "str | Chain | OneOf", where: Where = None) -> Self:
        """A step right after the one before: nothing in between."""
        return self._append(step, where, Contiguity.STRICT)

    def followed_by(self, step: "str | Chain | OneOf", where: Where = None) -> Self:
        """A step some time after the one before, as soon as an event fits."""
        return self._append(step, where, Contiguity.RELAXED)

    def followed_by_any(self, step: "str | Chain | OneOf", where: Where = None) -> Self:
        """A step some time after the one before, by any event that fits."""
        return self._append(step, where, Contiguity.ANY)

    def not_next(self, name: str, where: Where = None) -> Self:
        """The event right after must not be this."""
        return self._append(name, where, Contiguity.STRICT, absent=True)

    def not_followed_by(self, name: str, where: Where = None) -> Self:
        """This must not come until the step after it is taken, or the window ends."""
        return self._append(name, where, Contiguity.RELAXED, absent=True)

    def one_or_more(self) -> Self:
        """Once or more often."""
        return self._describe(times=(1, None))

    def at_least(self, least: int) -> Self:
        """So many times or more often."""
        return self._describe(times=(least, None))

    def times(self, least: int, most: int | None = None) -> Self:
        """So many times; with two numbers from the first to the second."""
        if least == 0 and most is not None:
            return self._describe(times=(1, most), optional=True)
        return self._describe(times=(least, least if most is None else most))

    def optional(self) -> Self:
        """May be left out."""
        return self._describe(optional=True)

    def greedy(self) -> Self:
        """Takes what it can: the step after it leaves such events alone."""
        return self._describe(greedy=True)

    def consecutive(self) -> Self:
        """Nothing between the events of the loop."""
        return self._describe(consecutive=True)

    def allow_combinations(self) -> Self:
        """Any events between the events of the loop, fitting ones too."""
        return self._describe(combinations=True)

    def until(self, where: Condition | str) -> Self:
        """An event that closes the loop; it is not taken for it."""
        return self._describe(until=condition(where))

    def within_previous(self, limit: timedelta) -> Self:
        """Time since the event taken before is less than this."""
        return self._describe(within_ns=nanoseconds(limit))

    def sequence(self) -> Sequence:
        """The items.

        Raises:
            PatternError: one of them makes no sense.
        """
        return tuple(draft.finish() for draft in self.drafts)

    def _append(
        self,
        step: "str | Chain | OneOf",
        where: Where,
        contiguity: Contiguity,
        *,
        absent: bool = False,
    ) -> Self:
        if isinstance(step, str):
            draft = Draft(contiguity, step, condition(where), absent)
        elif absent:
            raise PatternError("what must not come is a single step, not a group")
        elif where is not None:
            raise PatternError("a group has no condition; its steps do")
        else:
            branches = (step,) if isinstance(step, Chain) else step.branches
            draft = Draft(contiguity, branches=branches)
        return replace(self, drafts=(*self.drafts, draft))

    def _describe(self, **changes: object) -> Self:
        if not self.drafts:
            raise PatternError("describe a step first: begin(…)")
        *before, last = self.drafts
        return replace(self, drafts=(*before, replace(last, **changes)))  # type: ignore[arg-type]  # names and types of Draft's own fields


@dataclass(frozen=True, slots=True)
class OneOf:
    """Several sequences of which one is taken."""

    branches: tuple[Chain, ...]


def chain() -> Chain:
    """An empty sequence, to be used as a group."""
    return Chain()


def one_of(*branches: Chain) -> OneOf:
    """One of several sequences: `begin(one_of(chain().begin("b"), chain().begin("c")))`."""
    if len(branches) < 2:
        raise PatternError("one_of needs two sequences or more")
    return OneOf(branches)


@dataclass(frozen=True, slots=True)
class PatternBuilder(Chain):
    """A chain with a name, a window and a skip strategy.

    >>> pattern = (
    ...     pattern_of("card_testing")
    ...     .begin("small", "amount < 2").at_least(3)
    ...     .followed_by("large", "amount > 500")
    ...     .within(timedelta(minutes=5))
    ...     .skip_past_last()
    ...     .build()
    ... )
    >>> pattern.within_ns
    300000000000
    """

    name: str = "pattern"
    within_ns: int | None = None
    skip: Skip = NO_SKIP

    def within(self, window: timedelta) -> Self:
        """Last event minus first is less than this."""
        return replace(self, within_ns=nanoseconds(window))

    def skip_past_last(self) -> Self:
        """No other match has an event of a match."""
        return replace(self, skip=Skip(SkipTo.PAST_LAST))

    def skip_to_next(self) -> Self:
        """No other match begins with the same event."""
        return replace(self, skip=Skip(SkipTo.TO_NEXT))

    def skip_to_first(self, step: str, *, strict: bool = False) -> Self:
        """No other match begins before the match's first event of a step."""
        return replace(self, skip=Skip(SkipTo.TO_FIRST, step, strict))

    def skip_to_last(self, step: str, *, strict: bool = False) -> Self:
        """No other match begins before the match's last event of a step."""
        return replace(self, skip=Skip(SkipTo.TO_LAST, step, strict))

    def build(self) -> Pattern:
        """The pattern.

        Raises:
            PatternError: it makes no sense.
        """
        return check_pattern(Pattern(self.name, self.sequence(), self.within_ns, self.skip))


def pattern_of(name: str) -> PatternBuilder:
    """An empty pattern."""
    return PatternBuilder(name=name)


def nanoseconds(span: timedelta) -> int:
    """A time span in nanoseconds."""
    return (span.days * 86_400_000_000 + span.seconds * 1_000_000 + span.microseconds) * 1_000
