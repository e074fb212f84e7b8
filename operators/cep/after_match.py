"""What happens after a match: which one is given first, and what it removes."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from operators.cep.buffer import NEVER, Node, Path, first_events, oldest_above, oldest_alive
from operators.cep.forward import Ending, Forward
from operators.cep.nfa import Nfa
from operators.cep.work import TELL, UNBOUNDED, TooManyError, Work
from tidegauge.errors import Stop
from tidegauge.patterns.pattern import Skip, SkipTo

_FEW = 4
"""Questions after which it pays to know all first events of unfinished runs."""


class SkipError(Stop):
    """A strict skip strategy has nowhere to go."""


@dataclass(slots=True)
class Given:
    """Matches that may go out, and up to which first event runs are removed.

    `gave_up`: a first event of which more runs would have to be asked than is allowed.
    """

    floor: int
    matches: list[Path] = field(default_factory=list)
    gave_up: int | None = None


class AfterMatch:
    """Gives matches in the order of their first events and removes what they make void.

    A match waits while an unfinished run with an earlier first event lives. Matches are read out of
    the shared nodes only when they are given: where one removes the others of its first event, they
    are never looked at.

    Attributes:
        waiting: where runs end that are matches.
        first: not above the first event of any of them.
        above: they need the runs with first events above this; not more than the least of theirs.
        work: what it may cost to give them.
    """

    __slots__ = ("_nfa", "_skip", "above", "first", "keeps_all", "waiting", "work")

    def __init__(self, nfa: Nfa, work: Work = UNBOUNDED) -> None:
        self._nfa = nfa
        self.work = work
        self._skip: Skip = nfa.pattern.skip
        self.keeps_all = self._skip.to is SkipTo.NO_SKIP
        self.waiting: list[Ending] = []
        self.first = self.above = NEVER

    def hold(self, waiting: Iterable[Ending]) -> None:
        """Matches that wait."""
        self.waiting = list(waiting)
        self.first = min(map(_first_of, self.waiting), default=NEVER)
        self.above = min([one.above for one in self.waiting], default=NEVER)

    def wait(self, endings: Sequence[Ending]) -> None:
        """More matches that wait."""
        above = self.above = min([self.above, *(one.above for one in endings)])
        self.first = min(
            [self.first, *(oldest_alive(one.node, above, self.work) for one in endings)]
        )
        self.waiting += endings

    def least(self, floor: int) -> int:
        """Up to this first event nobody needs runs, neither alive (above `floor`) nor waiting."""
        return min([floor, *(ending.above for ending in self.waiting)])

    def give_up(self, floor: int) -> None:
        """Forget the matches with a first event up to this."""
        self._pass(floor)
        for one in self.waiting:
            one.node.cut(floor)

    def paths(self) -> Iterator[Path]:
        """The matches that wait."""
        for ending in self.waiting:
            forward = Forward([ending], self._nfa.start_ranks, NEVER)
            for first in forward.firsts:
                if ending.above < first <= ending.up_to:
                    yield from forward.runs(first)

    def complete(
        self,
        endings: Sequence[Ending],
        alive: Callable[[], Iterable[Node]],
        floor: int,
        allowed: int,
    ) -> Given:
        """Matches that can be given now.

        Args:
            endings: runs that became matches; their first events are above `floor`.
            alive: nodes where unfinished runs end.
            floor: runs up to this first event are gone.
            allowed: how many runs may be asked whether a late condition holds for them.

        Raises:
            SkipError: a strict skip strategy has nowhere to go.
        """
        self.wait(endings)
        given = Given(floor)
        # What is left then waits; whoever pays for the work gives up some of it.
        with suppress(TooManyError):
            self._complete(alive, given, allowed)
        return given

    def _complete(self, alive: Callable[[], Iterable[Node]], given: Given, allowed: int) -> None:
        """Give matches while no unfinished run began earlier."""
        unfinished = _Unfinished(alive, self.above, self.work)
        forward: Forward | None = None
        while self.waiting and not unfinished.before(self.first, given.floor):
            self._look(forward)
            first = self.first
            if not self.waiting or unfinished.before(first, given.floor):
                break
            asked = [one for one in self.waiting if one.above < first <= one.up_to]
            if forward is None or not forward.covers(asked):
                forward = Forward(asked, self._nfa.start_ranks, allowed, self.work)
            try:
                void = self._give(forward.runs(first), given)
            except TooManyError:
                given.gave_up = void = first
                given.floor = max(given.floor, first)
            self._pass(max(void, first))
            if given.gave_up is not None:
                break

    def _give(self, matches: Iterator[Path], given: Given) -> int:
        """Give the matches of one first event until one removes the rest; what is void now."""
        void = -1
        for path in matches:
            given.matches.append(path)
            self.work.spend(TELL * len(path))
            void = max(void, self._void_up_to(path))
            # Runs may have ended up to a later event; matches wait nevertheless.
            given.floor = max(given.floor, void)
            if void >= path[0].seq:
                break
        return void

    def _look(self, forward: Forward | None) -> None:
        """Find out the first event of the matches that wait."""
        self.work.spend(len(self.waiting))
        left, firsts = [], [NEVER]
        for one in self.waiting:
            known = one
            if one.known > one.above:
                first = one.known
            elif forward is not None and forward.has(one):
                first = forward.next_first(one.above)
            else:
                first = _first_of(one, self.work)
                known = one._replace(known=first)
            if first <= one.up_to:
                left.append(known)
                firsts.append(first)
        self.waiting, self.first = left, min(firsts)
        if not left:
            self.above = NEVER

    def _pass(self, done: int) -> None:
        """Matches up to the first event `done` are given or void."""
        self.work.spend(len(self.waiting))
        self.first = done + 1
        self.waiting = [
            one._replace(above=max(one.above, done))
            for one in self.waiting
            if one.node.newest > done and one.up_to > done
        ]
        self.above = min([one.above for one in self.waiting], default=NEVER)

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


def _first_of(ending: Ending, work: Work = UNBOUNDED) -> int:
    """The oldest first event; `NEVER` when there is none."""
    if ending.node.oldest > ending.above:
        return ending.node.oldest
    return oldest_above([ending.node], ending.above, work)


class _Unfinished:
    """The first events of unfinished runs, found out as far as they are asked for.

    Args:
        alive: nodes where they end.
        least: matches with a first event above this wait. They share nodes with unfinished runs, so
            these may not note that they have no older one.
        work: what it may cost to find them.
    """

    def __init__(self, alive: Callable[[], Iterable[Node]], least: int, work: Work) -> None:
        self._work = work
        self._alive = alive
        self._least = least
        self._asked = 0
        self._firsts: list[int] = []

    def before(self, first: int, floor: int) -> bool:
        """Whether an unfinished run began above `floor` and before `first`."""
        if self._asked < _FEW:
            self._asked += 1
            if self._asked < _FEW:
                if floor > self._least:
                    return oldest_above(self._alive(), floor, self._work) < first
                return any(
                    node.newest > floor and oldest_alive(node, floor, self._work) < first
                    for node in self._alive()
                )
            self._firsts = first_events(self._alive(), floor, self._work)
        at = bisect_right(self._firsts, floor)
        return at < len(self._firsts) and self._firsts[at] < first
