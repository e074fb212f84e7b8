"""What a matcher tells: matches, runs that timed out, and runs that were given up."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from operators.cep.batch import Key
from operators.cep.buffer import Path


class Kind(StrEnum):
    """What became of runs."""

    MATCH = "match"
    TIMEOUT = "timeout"
    DROPPED = "dropped"


@dataclass(slots=True)
class Counts:
    """Running totals of one pattern: what was told, and runs that were given up."""

    matches: int = 0
    timeouts: int = 0
    dropped: int = 0


class Held(NamedTuple):
    """What a matcher holds now.

    `runs` and `nodes` are not below what is alive: what time ended unseen is counted until it is
    cleared away. `waiting` are matches held back by earlier runs.
    """

    keys: int
    runs: int
    nodes: int
    waiting: int


class Result(NamedTuple):
    """A match, a run that timed out, or runs that were given up because of a limit.

    Attributes:
        kind: which of them.
        pattern: name of the pattern.
        key: values of the key columns.
        path: the run's nodes, first event first; empty for runs given up.
        time_ns: for a match the time up to which it waited or of its last event's processing; for
            a timeout the end of its window; for dropped runs the time of their first event.
        event: number of the event during which it was found; None if time alone brought it.
        runs: how many runs it stands for (1, but for dropped ones).
        reason: the limit that was met, for dropped runs.
    """

    kind: Kind
    pattern: str
    key: Key
    path: Path
    time_ns: int
    event: int | None
    runs: int = 1
    reason: str = ""

    def rows(self) -> dict[str, list[Sequence[Any]]]:
        """Rows taken for each step that is shown; steps in the order of the pattern.

        The first values of a row are the carried columns.
        """
        shown = (node for node in self.path if node.position.shown)
        taken: dict[str, list[Sequence[Any]]] = {}
        for node in sorted(shown, key=lambda node: node.position.order):
            taken.setdefault(node.position.step, []).append(node.row)
        return taken
