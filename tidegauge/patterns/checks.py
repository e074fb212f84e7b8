"""Rules that every pattern keeps to."""

from collections.abc import Iterator
from itertools import pairwise

from tidegauge.patterns.pattern import (
    Absence,
    Contiguity,
    Group,
    Item,
    Pattern,
    Quantifier,
    Sequence,
    SkipTo,
    Step,
    step_names,
    steps_of,
)

Trailing = tuple[Absence, ...]
"""Negative steps, one after the other."""


class PatternError(ValueError):
    """A pattern that makes no sense; the message says what is wrong and what is allowed.

    Attributes:
        part: what of its declaration is wrong: a key of the pipeline file, and what is below it.
    """

    def __init__(self, message: str, part: tuple[str, ...] = ("match",)) -> None:
        super().__init__(message)
        self.part = part


def check_pattern(pattern: Pattern) -> Pattern:
    """The pattern itself, when nothing is wrong with it.

    Raises:
        PatternError: something is.
    """
    _check_names(pattern)
    _check_sequence(pattern.sequence)
    _check_windows(pattern)
    return pattern


def check_quantifier(name: str, quantifier: Quantifier) -> None:
    """Numbers of passes that make sense.

    Raises:
        PatternError: they do not.
    """
    least, most = quantifier.minimum, quantifier.maximum
    if least < 1 or (most is not None and most < least):
        raise PatternError(
            f"{name}: {least} to {most} times; write 1 or more, the smaller number first "
            "(optional means zero times is enough, too)"
        )
    if quantifier.greedy and quantifier.inner is Contiguity.ANY:
        raise PatternError(f"{name}: greedy and any combination exclude each other")


def _check_names(pattern: Pattern) -> None:
    seen: set[str] = set()
    for step in steps_of(pattern.sequence):
        if step.name in seen:
            raise PatternError(f"two steps are called {step.name}; each needs a name of its own")
        seen.add(step.name)
    skip = pattern.skip
    needs_step = skip.to in {SkipTo.TO_FIRST, SkipTo.TO_LAST}
    if needs_step and skip.step not in step_names(pattern):
        allowed = ", ".join(step_names(pattern))
        raise PatternError(
            f"skip to {skip.step!r}: there is no such step; allowed: {allowed}", ("after_match",)
        )


def _check_sequence(sequence: Sequence) -> None:
    if not any(not isinstance(item, Absence) for item in sequence):
        raise PatternError("a pattern or group needs a step that takes events")
    if isinstance(sequence[0], Absence):
        raise PatternError(f"{sequence[0].name}: a pattern cannot begin with a negative step")
    for item in sequence:
        _check_item(item)
    for before, item in pairwise(sequence):
        if isinstance(item, Absence):
            if not isinstance(before, Absence) and omissible(before):
                raise PatternError(f"{item.name}: a negative step cannot follow an optional one")
        elif isinstance(before, Step) and before.quantifier.greedy and item.quantifier.optional:
            raise PatternError(f"{name_of(item)}: an optional step cannot follow a greedy one")


def _check_item(item: Item) -> None:
    if isinstance(item, Absence):
        if item.contiguity is Contiguity.ANY:
            raise PatternError(f"{item.name}: a negative step is strict or relaxed")
        return
    name = name_of(item)
    check_quantifier(name, item.quantifier)
    if item.until is not None and item.quantifier.maximum is not None:
        raise PatternError(f"{name}: until needs a loop without end")
    if isinstance(item, Step):
        if item.within_ns is not None and item.within_ns <= 0:
            raise PatternError(f"{name}: within must be more than zero")
        return
    if item.quantifier.greedy:
        raise PatternError(f"{name}: a group cannot be greedy")
    for branch in item.branches:
        _check_sequence(branch)


def _check_windows(pattern: Pattern) -> None:
    whole = pattern.within_ns
    if whole is not None and whole <= 0:
        raise PatternError("within must be more than zero", ("within",))
    for step in steps_of(pattern.sequence):
        if step.within_ns is not None and whole is not None and step.within_ns > whole:
            raise PatternError(
                f"{step.name}: its own time limit is longer than that of the whole pattern"
            )
    allowed: set[str] = set()
    for trailing in _endings(pattern.sequence):
        _check_ending(trailing, whole)
        allowed |= {step.name for step in trailing[-1:]}
    for step in steps_of(pattern.sequence):
        if isinstance(step, Absence) and step.within_ns is not None and step.name not in allowed:
            raise PatternError(
                f"{step.name}: a time limit of what must not come counts at the end of a pattern "
                "only; here set it on the step that comes after it"
            )


def _check_ending(trailing: Trailing, whole: int | None) -> None:
    waits = [step for step in trailing if step.contiguity is Contiguity.RELAXED]
    if not waits:
        return
    last = trailing[-1]
    if last.within_ns is not None and last is not waits[-1]:
        raise PatternError(
            f"{last.name}: only the next event must not be this, so it has no time limit; "
            f"set it on {waits[-1].name}, as the last one"
        )
    if whole is None and last.within_ns is None:
        raise PatternError(
            f"{waits[-1].name}: a pattern that ends with what must not follow needs a window "
            "(within)"
        )


def _endings(sequence: Sequence, outer: Trailing = ()) -> Iterator[Trailing]:
    """Negative steps at the end of a sequence, groups opened, for each way in which it can end."""
    *_, last = (at for at, item in enumerate(sequence) if not isinstance(item, Absence))
    item, after = sequence[last], sequence[last + 1 :]
    trailing = (*(one for one in after if isinstance(one, Absence)), *outer)
    if not isinstance(item, Group):
        yield trailing
        return
    for branch in item.branches:
        yield from _endings(branch, trailing)


def omissible(item: Step | Group) -> bool:
    """Whether a pattern can go on without the item."""
    return item.quantifier.optional or may_be_empty(item)


def may_be_empty(item: Step | Group) -> bool:
    """Whether a pass of the item can be without events."""
    return isinstance(item, Group) and any(
        all(omissible(part) for part in branch if not isinstance(part, Absence))
        for branch in item.branches
    )


def name_of(item: Item) -> str:
    """What a message calls a step or group."""
    if isinstance(item, Group):
        inside = " ".join(step.name for step in steps_of(item.branches[0]))
        return f"({inside}{' | …' if len(item.branches) > 1 else ''})"
    return item.name
