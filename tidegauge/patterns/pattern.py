"""What a pattern is: a frozen tree of steps, however it was written."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from tidegauge.patterns.condition import Condition


class Contiguity(StrEnum):
    """What may lie between the last taken event and the one that is awaited.

    `STRICT`: nothing. `RELAXED`: events that the awaited step rejects. `ANY`: any event, so that
    an event that fits may be left for a later one.
    """

    STRICT = "strict"
    RELAXED = "relaxed"
    ANY = "any"


@dataclass(frozen=True, slots=True)
class Quantifier:
    """How often a step or group is taken: `minimum` to `maximum` times (None: without end).

    `inner` is the contiguity between two passes. `optional` means zero times is enough, too. After
    a `greedy` step the next one leaves alone every event that the greedy one would take.
    """

    minimum: int = 1
    maximum: int | None = 1
    inner: Contiguity = Contiguity.RELAXED
    optional: bool = False
    greedy: bool = False

    @property
    def single(self) -> bool:
        """Whether it is one pass, no more."""
        return self.maximum == 1

    @property
    def exact(self) -> bool:
        """Whether there is one number of passes only, apart from leaving it out."""
        return self.minimum == self.maximum


ONCE = Quantifier()


@dataclass(frozen=True, slots=True)
class Step:
    """Takes events for which `where` holds.

    `until` closes a loop without end. `within_ns` bounds the time since the event taken before.
    """

    name: str
    where: Condition
    contiguity: Contiguity = Contiguity.RELAXED
    quantifier: Quantifier = ONCE
    until: Condition | None = None
    within_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Absence:
    """A negative step: ends the run when an event satisfies `where`.

    `STRICT` looks at the very next event, `RELAXED` at every event until the next step is taken.
    """

    name: str
    where: Condition
    contiguity: Contiguity = Contiguity.RELAXED
    within_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """A sequence, or one of several (`branches`), that is taken as a whole.

    The first step of a branch has the group's contiguity; what it says itself does not count.
    """

    branches: tuple["Sequence", ...]
    contiguity: Contiguity = Contiguity.RELAXED
    quantifier: Quantifier = ONCE
    until: Condition | None = None


Item = Step | Absence | Group
Sequence = tuple[Item, ...]


class SkipTo(StrEnum):
    """Which runs and matches a match removes: those with a first event up to, or before, this."""

    NO_SKIP = "no_skip"
    PAST_LAST = "past_last"
    TO_NEXT = "to_next"
    TO_FIRST = "to_first"
    TO_LAST = "to_last"


@dataclass(frozen=True, slots=True)
class Skip:
    """What happens after a match; `step` for `TO_FIRST` and `TO_LAST`.

    A `strict` one fails when the match has no event of that step, or begins with it.
    """

    to: SkipTo = SkipTo.NO_SKIP
    step: str | None = None
    strict: bool = False


NO_SKIP = Skip()


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern; `check_pattern` has found nothing wrong with it.

    Every match lies within `within_ns` nanoseconds: last event minus first is less than that.
    Events of steps in `hidden` are taken, but not shown with the match.
    """

    name: str
    sequence: Sequence
    within_ns: int | None = None
    skip: Skip = NO_SKIP
    hidden: frozenset[str] = frozenset()


def steps_of(sequence: Sequence) -> Iterator[Step | Absence]:
    """The steps and negative steps of a sequence, groups opened, in the order of the text."""
    for item in sequence:
        if isinstance(item, Group):
            for branch in item.branches:
                yield from steps_of(branch)
        else:
            yield item


def step_names(pattern: Pattern) -> list[str]:
    """Names of the steps that take events, in the order of the pattern."""
    return [step.name for step in steps_of(pattern.sequence) if isinstance(step, Step)]
