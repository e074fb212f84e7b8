"""Runs read out of shared nodes from their first events on, in the order of matches."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from operators.cep.buffer import NEVER, Node, Path
from operators.cep.memory import Late, Memo
from operators.cep.positions import Frames
from operators.cep.work import ASK, UNBOUNDED, TooManyError, Work


class Ending(NamedTuple):
    """Runs that are matches: they end at a node and their first events are in (above, up_to].

    Those for which `late` does not hold are none. `known` is the first of these first events, where
    that was found out; not above `above` where it was not.
    """

    node: Node
    above: int
    up_to: int = NEVER
    late: Late | None = None
    known: int = -1


_NOTHING: list[Node] = []
_POINTERS = 64
"""Nodes before a node that take as much room as one more node."""


def worth(endings: Iterable[Ending]) -> int:
    """How many nodes there are room for where some endings are kept."""
    return sum([1 + len(one.node.before) // _POINTERS for one in endings])


class Forward:
    """The graph of some endings, with what follows each node instead of what is before it.

    Args:
        endings: all with the runs of the first events that are asked for.
        start_ranks: ranks of the positions of first events.
        allowed: how many runs may be asked whether their late condition holds.
        work: what it may cost to read runs out.

    Raises:
        TooManyError: it would cost more than is left.
    """

    def __init__(
        self,
        endings: Sequence[Ending],
        start_ranks: Mapping[Frames, int],
        allowed: int,
        work: Work = UNBOUNDED,
    ) -> None:
        self.endings = endings
        self._work = work
        self._ranks = start_ranks
        self._allowed = allowed
        self._late = next((one.late for one in endings if one.late is not None), None)
        self._initial: Memo = () if self._late is None else self._late.memory.initial
        self._ends: dict[int, list[Ending]] = {}
        for ending in endings:
            self._ends.setdefault(id(ending.node), []).append(ending)
        self._after: dict[int, list[Node]] = {}
        self._ranked: set[int] = set()
        self._begins: dict[int, list[Node]] = {}
        self._link(min(ending.above for ending in endings))
        self.firsts = sorted(self._begins)

    def covers(self, endings: Sequence[Ending]) -> bool:
        """Whether it is the graph of these endings."""
        return [one.node for one in endings] == [one.node for one in self.endings]

    def has(self, ending: Ending) -> bool:
        """Whether an ending is in the graph."""
        return id(ending.node) in self._ends

    def next_first(self, above: int) -> int:
        """The first event, above a bound, of the next runs."""
        at = bisect_right(self.firsts, above)
        return self.firsts[at] if at < len(self.firsts) else NEVER

    def _link(self, above: int) -> None:
        stack = list({id(ending.node): ending.node for ending in self.endings}.values())
        seen = {id(node) for node in stack}
        while stack:
            node = stack.pop()
            if node.begins and node.seq > above:
                self._begins.setdefault(node.seq, []).append(node)
            self._work.pay(1 + sum([earlier.newest > above for earlier in node.before]))
            for earlier in node.before:
                if earlier.newest > above:
                    self._after.setdefault(id(earlier), []).append(node)
                    if id(earlier) not in seen:
                        seen.add(id(earlier))
                        stack.append(earlier)

    def runs(self, first: int) -> Iterator[Path]:
        """Matches with a first event: the earlier taken event first, staying before leaving.

        Raises:
            TooManyError: more runs than allowed were asked, or it would cost more than is left.
        """
        start = self._begins.get(first, ())
        for begin in sorted(start, key=lambda node: self._ranks[node.position.frames]):
            yield from self._from(begin)

    def _from(self, begin: Node) -> Iterator[Path]:
        after, ends, work = self._after, self._ends, self._work
        path, taken = [begin], [0]
        memos = [self._initial]
        if id(begin) in ends:
            yield from self._matches(path, memos)
        while path:
            node = path[-1]
            following = after.get(id(node), _NOTHING)
            at = taken[-1]
            if at == len(following):
                path.pop()
                taken.pop()
                if self._late is not None:
                    memos.pop()
                continue
            if at == 0 and len(following) > 1:
                self._rank(node, following)
            work.pay(1)
            taken[-1] += 1
            path.append(following[at])
            taken.append(0)
            if self._late is not None:
                memory = self._late.memory
                memos.append(memory.after(memos[-1], node.position.step, node.row))
            if id(following[at]) in ends:
                yield from self._matches(path, memos)

    def _matches(self, path: list[Node], memos: list[Memo]) -> Iterator[Path]:
        """The run itself, as often as it is a match."""
        for ending in self._ends[id(path[-1])]:
            if ending.late is None or self._holds(ending.late, path[-1], memos[-1]):
                yield tuple(path)

    def _holds(self, late: Late, node: Node, memo: Memo) -> bool:
        self._allowed -= 1
        self._work.left -= ASK
        if self._allowed < 0:
            raise TooManyError
        return late.test(node.row, memo)

    def _rank(self, node: Node, following: list[Node]) -> None:
        """Order what follows a node: the earlier event first, of one event the first way."""
        if id(node) not in self._ranked:
            self._ranked.add(id(node))
            ranks = node.position.ranks
            following.sort(key=lambda later: (later.seq, ranks[later.position.frames]))
