"""What happens after a match: which one is given first, and what it removes."""

from bisect import insort
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from operators.cep.buffer import NEVER, Node, Path, oldest_above, oldest_alive, paths
from operators.cep.nfa import Nfa
from tidegauge.errors import Stop
from tidegauge.patterns.pattern import Skip, SkipTo

Key = tuple[int, ...]
"""Order of matches: by their events; the earlier taken event first, staying before leaving."""


class SkipError(Stop):
    """A strict skip strategy has nowhere to go."""


@dataclass(slots=True)
class Given:
    """Matches that may go out, and up to which first event runs are removed."""

    floor: int
    matches: list[Path] = field(default_factory=list)


class AfterMatch:
    """Gives matches in the order of their first events and removes what they make void.

    A match waits while an unfinished run with an earlier first event lives.
    """

    __slots__ = ("_nfa", "_skip", "keeps_all", "waiting")

    def __init__(self, nfa: Nfa) -> None:
        self._nfa = nfa
        self._skip: Skip = nfa.pattern.skip
        self.keeps_all = self._skip.to is SkipTo.NO_SKIP
        self.waiting: list[tuple[Key, Path]] = []

    def hold(self, waiting: Iterable[Path]) -> None:
        """Matches that wait; in order."""
        self.waiting = [(self._key(path), path) for path in waiting]

    def complete(
        self,
        matches: Iterable[Path],
        finals: Iterable[Node],
        alive: Callable[[], Iterable[Node]],
        floor: int,
    ) -> Given:
        """Matches that can be given now.

        Args:
            matches: runs that became matches.
            finals: nodes whose runs all became matches; unfolded as far as needed.
            alive: nodes where unfinished runs end.
            floor: runs up to this first event are gone.

        Raises:
            SkipError: a strict skip strategy has nowhere to go.
        """
        if self.keeps_all:
            return Given(floor, list(matches))
        for path in matches:
            self._wait(path)
        given = Given(floor)
        done = floor  # finals are unfolded up to this first event
        while True:
            finals = [node for node in finals if node.newest > done]
            first = oldest_above(finals, done)
            if first < NEVER and (not self.waiting or first <= self.waiting[0][1][0].seq):
                self._unfold(finals, done, first)
                done = first
            if not self.waiting:
                return given
            path = self.waiting[0][1]
            if _unfinished_before(alive(), given.floor, path[0].seq):
                self._unfold(finals, done, NEVER)
                return given
            del self.waiting[0]
            given.matches.append(path)
            void = self._void_up_to(path)
            # Runs may have ended up to a later event; matches wait nevertheless.
            given.floor = max(given.floor, void)
            done = max(done, void)
            self.waiting = [held for held in self.waiting if held[1][0].seq > void]

    def _unfold(self, finals: Iterable[Node], above: int, up_to: int) -> None:
        for node in finals:
            for path in paths(node, above, up_to):
                self._wait(path)

    def _wait(self, path: Path) -> None:
        insort(self.waiting, (self._key(path), path), key=lambda held: held[0])

    def _key(self, path: Path) -> Key:
        """Event numbers, each with the rank of the way that took it."""
        ranks = self._nfa.start_ranks
        key: list[int] = []
        for node in path:
            key += (node.seq, ranks[node.position.frames])
            ranks = node.position.ranks
        return tuple(key)

    def _void_up_to(self, path: Path) -> int:
        """Runs and matches with a first event up to this are void."""
        to = self._skip.to
        if to is SkipTo.PAST_LAST:
            return path[-1].seq
        if to is SkipTo.TO_NEXT:
            return path[0].seq
        taken = [node.seq for node in path if node.position.step == self._skip.step]
        if not taken:
            if self._skip.strict:
                raise SkipError(f"the match has no event of {self._skip.step} to skip to")
            return -1
        seq = taken[0] if to is SkipTo.TO_FIRST else taken[-1]
        if self._skip.strict and seq == path[0].seq:
            raise SkipError(f"skipping to {self._skip.step} would begin at the same event again")
        return seq - 1


def path_key(path: Path) -> list[int]:
    """Order of matches that are all given."""
    return [node.seq for node in path]


def _unfinished_before(alive: Iterable[Node], floor: int, first: int) -> bool:
    return any(node.newest > floor and oldest_alive(node, floor) < first for node in alive)
