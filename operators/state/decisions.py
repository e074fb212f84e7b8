"""What becomes of saved state: decided once, for `tidegauge plan` and for every start."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from operators.state.wording import EVENTS, change
from tidegauge.statedefs import Aspects, Definitions, Remembered

ALL = "all"
"""Agrees to every reset."""


class Verdict(StrEnum):
    """What becomes of the state of a part."""

    KEPT = "kept"
    NEW = "new"
    REMOVED = "removed"
    RESET = "reset"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of the state of one part, and why.

    Attributes:
        part: `kind:name`, or `pipeline` for all of it.
        verdict: what becomes of it.
        why: what changed; empty where nothing did.
    """

    part: str
    verdict: Verdict
    why: str = ""

    @property
    def hinders(self) -> bool:
        """Whether a start stops unless someone agreed."""
        return self.verdict in {Verdict.RESET, Verdict.REFUSED}


def decide(old: Definitions, new: Definitions) -> list[Decision]:
    """What becomes of state that was made for `old` when `new` goes on from it.

    A part begins anew when an aspect of it changed; the rest is kept. Nothing can be kept under
    another name of the pipeline or another number of key groups: that is refused.
    """
    if why := _refused(old, new):
        return [Decision("pipeline", Verdict.REFUSED, why)]
    keys = [*new.parts, *(key for key in old.parts if key not in new.parts)]
    found = (_part(key, old.parts.get(key), new.parts.get(key)) for key in keys)
    return [one for one in found if one is not None]


def agreed(decisions: Iterable[Decision], accepted: Iterable[str]) -> list[Decision]:
    """Those that nobody agreed to.

    Args:
        decisions: as decided.
        accepted: `all`, parts as `kind:name`, or their names alone.
    """
    given = set(accepted)
    return [
        one
        for one in decisions
        if one.verdict is Verdict.REFUSED
        or (
            one.verdict is Verdict.RESET and not given & {ALL, one.part, one.part.partition(":")[2]}
        )
    ]


def remembered(
    old: Definitions | None, new: Definitions, decisions: Iterable[Decision]
) -> Definitions:
    """What a recovery directory remembers once a start goes on with these decisions.

    A part that was reset, or that was removed before and is there again, begins anew: what older
    snapshots hold of it is of no use.
    """
    reset = {one.part for one in decisions if one.verdict is Verdict.RESET}
    known = old.parts if old else {}
    parts: dict[str, Remembered] = {}
    for key, part in new.parts.items():
        before = known.get(key)
        begun = before.begun if before else 0
        again = before is not None and before.aspects is None
        parts[key] = replace(part, begun=begun + (key in reset or again))
    gone = {key: replace(part, aspects=None) for key, part in known.items() if key not in parts}
    return replace(new, parts=parts | gone)


def _refused(old: Definitions, new: Definitions) -> str:
    if old.pipeline != new.pipeline:
        return (
            f"the state is of pipeline {old.pipeline!r}, not of {new.pipeline!r};"
            " give each a recovery directory of its own"
        )
    if old.key_groups != new.key_groups:
        return (
            f"state.key_groups was {old.key_groups}, now {new.key_groups}; it is fixed when the"
            " state is made: start with an empty recovery directory"
        )
    return ""


def _part(key: str, old: Remembered | None, new: Remembered | None) -> Decision | None:
    before, after = old.aspects if old else None, new.aspects if new else None
    if after is None:
        return Decision(key, Verdict.REMOVED) if before is not None else None
    if before is None:
        return Decision(key, Verdict.NEW)
    # A column that is looked at from now on is absent in what is held back, for seconds.
    common = before.keys() & after.keys() if key.startswith(f"{EVENTS}:") else None
    words = {**(old.words if old else {}), **(new.words if new else {})}
    if why := _changes(before, after, words, common):
        return Decision(key, Verdict.RESET, why)
    return Decision(key, Verdict.KEPT)


def _changes(
    before: Aspects, after: Aspects, words: Mapping[str, str], only: Iterable[str] | None = None
) -> str:
    names = dict.fromkeys([*before, *after] if only is None else sorted(only))
    told = {
        name: change(name, before.get(name), after.get(name), words)
        for name in names
        if before.get(name) != after.get(name)
    }
    # What says nothing is not there for one of the two; where it is all, it is told after all.
    return "; ".join(filter(None, told.values())) or ", ".join(told)


def by_part(decisions: Iterable[Decision]) -> dict[str, Decision]:
    """Decisions by the part they are about."""
    return {one.part: one for one in decisions}
