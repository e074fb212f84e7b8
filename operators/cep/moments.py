"""What is told of runs: moments, and what each did to which run."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from operators.cep.buffer import Path
from operators.cep.reasons import Cause, Obstacle


class RunId(NamedTuple):
    """Name of a run: number of its first event, and which of the runs that began there."""

    first: int
    number: int


class Fate(StrEnum):
    """What became of a run; `VOID`: it was a match, and another one made it void."""

    BEGINS = "begins"
    TAKES = "takes"
    WAITS = "waits"
    MATCHES = "matches"
    HELD = "held"
    ENDS = "ends"
    VOID = "void"


@dataclass(frozen=True, slots=True)
class Change:
    """What an event or time did to one run.

    Attributes:
        run: the run.
        fate: what became of it.
        taken: steps and numbers of the events it took.
        step: for which step it took the event.
        origin: the run that it grew from, where that one lives on or grew in several ways.
        awaits: what it waits for from now on.
        obstacles: why it did not take the event.
        before: the nodes it took before, for values.
        cause: why it ended, where that was not the event.
    """

    run: RunId
    fate: Fate
    taken: tuple[tuple[str, int], ...]
    step: str = ""
    origin: RunId | None = None
    awaits: tuple[str, ...] = ()
    obstacles: tuple[Obstacle, ...] = ()
    before: Path = ()
    cause: Cause | None = None


@dataclass(slots=True)
class Moment:
    """An event, or time going on (`event` is None), and all it did.

    `fits` are steps whose conditions held. `unwatched` says that there were more runs than are
    told of.
    """

    time_ns: int
    event: int | None
    changes: list[Change] = field(default_factory=list)
    fits: list[str] = field(default_factory=list)
    unwatched: bool = False
