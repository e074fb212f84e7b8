"""Taken events shared by all runs of a key: a graph whose paths are the runs.

After the versioned shared buffer of Agrawal, Diao, Gyllstrom and Immerman, "Efficient Pattern
Matching over Event Streams" (SIGMOD 2008). A node is one event taken for one position, with the
nodes it was taken after. Runs that behave alike from here on share a node, so that a loop over a
thousand events has a thousand nodes, however many runs lead through it. Runs are removed by their
first event only, oldest first, so that one number for a key (`floor`) says which paths are alive.

Runs that differ only in where they began count once (`Node.runs`): they cost nothing of their own.
Where every run is told of at once, each of them counts (`CountedNode`); where each is told of when
it times out, all are counted besides (`TimedNode`).
"""

from collections.abc import Hashable, Iterable, Sequence
from typing import Any, NamedTuple

from operators.cep.nfa import Position
from operators.cep.work import UNBOUNDED, Work

NEVER = 2**63 - 1
"""Later than every event."""

Path = tuple["Node", ...]
"""A run: its nodes, first event first."""


class Node:
    """An event taken for a position.

    Attributes:
        seq: number of the event; later events have higher ones.
        time_ns: event time.
        row: values of the event.
        position: where the runs that end here stand.
        before: nodes that this one was taken after.
        begins: whether a run begins here.
        oldest: not above the oldest first event of the runs alive.
        newest: the newest first event of the runs.
        runs: not below how many runs end here of those that began with one event.
        memo: what conditions need of what was taken; the same for all runs that end here.
    """

    __slots__ = (
        "before",
        "begins",
        "memo",
        "newest",
        "oldest",
        "position",
        "row",
        "runs",
        "seq",
        "time_ns",
    )

    def __init__(
        self,
        seq: int,
        time_ns: int,
        row: Any,
        position: Position,
        before: tuple["Node", ...],
        begins: bool,  # noqa: FBT001 - part of the record
        memo: tuple[Hashable, ...] = (),
    ) -> None:
        self.seq = seq
        self.time_ns = time_ns
        self.row = row
        self.position = position
        self.before = before
        self.begins = begins
        self.memo = memo
        newest: int = seq if begins else -1
        oldest: int = seq if begins else NEVER
        runs: int = 1 if begins else 0
        for node in before:
            first, last = node.oldest, node.newest
            if first <= newest and last >= oldest:
                runs += node.runs
            elif node.runs > runs:  # they began apart from those before
                runs = node.runs
            if last > newest:  # noqa: PLR1730 - the innermost loop; max() takes twice as long
                newest = last
            if first < oldest:  # noqa: PLR1730 - as above
                oldest = first
        self.newest: int = newest
        self.oldest: int = oldest
        self.runs: int = runs

    def cut(self, floor: int) -> None:
        """Forget the runs whose first event is up to `floor`, and count again."""
        before = tuple([node for node in self.before if node.newest > floor])
        begins = self.begins and self.seq > floor
        # What is before has been counted again already.
        self.__init__(self.seq, self.time_ns, self.row, self.position, before, begins, self.memo)  # type: ignore[misc]


class CountedNode(Node):
    """A node whose `runs` are all that end here, wherever they began; dead ones included."""

    __slots__ = ()

    def __init__(
        self,
        seq: int,
        time_ns: int,
        row: Any,
        position: Position,
        before: tuple[Node, ...],
        begins: bool,  # noqa: FBT001 - part of the record
        memo: tuple[Hashable, ...] = (),
    ) -> None:
        super().__init__(seq, time_ns, row, position, before, begins, memo)
        self.runs = begins + sum([node.runs for node in before])


class TimedNode(Node):
    """A node that knows how many runs end here, wherever they began: `told`, dead ones included."""

    __slots__ = ("told",)

    def __init__(
        self,
        seq: int,
        time_ns: int,
        row: Any,
        position: Position,
        before: tuple["TimedNode", ...],
        begins: bool,  # noqa: FBT001 - part of the record
        memo: tuple[Hashable, ...] = (),
    ) -> None:
        super().__init__(seq, time_ns, row, position, before, begins, memo)
        self.told: int = begins + sum([node.told for node in before])


def paths(node: Node, above: int, up_to: int = NEVER) -> list[Path]:
    """The runs that end at a node and whose first event is in (above, up_to]."""
    found: list[Path] = []
    stack: list[tuple[Node, Any]] = [(node, None)]
    while stack:
        here, chain = stack.pop()
        while True:
            chain = (here, chain)
            if here.begins and above < here.seq <= up_to:
                found.append(_unchained(chain))
            before = here.before
            if len(before) != 1:
                break
            here = before[0]
            if here.newest <= above or here.oldest > up_to:
                before = ()
                break
        stack += [(n, chain) for n in before if n.newest > above and n.oldest <= up_to]
    return found


def _unchained(chain: Any) -> Path:
    nodes = []
    while chain is not None:
        node, chain = chain
        nodes.append(node)
    return tuple(nodes)


def oldest_alive(node: Node, floor: int, work: Work = UNBOUNDED) -> int:
    """The oldest first event above `floor` of the runs that end at a node; there is one."""
    if node.oldest > floor:
        return node.oldest
    stack = [node]
    while stack:
        here = stack[-1]
        # What is over counts for nothing: it is not there any more after a restart.
        alive = [n for n in here.before if n.newest > floor]
        work.spend(1 + len(alive) // 4)
        stale = [n for n in alive if n.oldest <= floor]
        if stale:
            stack += stale
            continue
        oldest = here.seq if here.begins and here.seq > floor else NEVER
        here.oldest = min([oldest, *[n.oldest for n in alive]])
        stack.pop()
    return node.oldest


def oldest_above(ends: Iterable[Node], above: int, work: Work = UNBOUNDED) -> int:
    """The oldest first event above a bound of the runs that end at `ends`; `NEVER` if none is.

    Raises:
        TooManyError: it would cost more than is left.
    """
    oldest = NEVER
    stack = [node for node in ends if node.newest > above]
    seen: set[int] = set()
    while stack:
        node = stack.pop()
        if id(node) not in seen:
            seen.add(id(node))
            if node.begins and above < node.seq < oldest:
                oldest = node.seq
            later = [n for n in node.before if n.newest > above]
            work.pay(1 + len(later) // 4)
            stack += [n for n in later if n.oldest < oldest]
    return oldest


def reachable(ends: Iterable[Node], floor: int) -> list[Node]:
    """All nodes of runs alive that end at `ends`, each after those before it."""
    ordered: list[Node] = []
    seen: set[int] = set()
    stack = [(node, False) for node in ends]
    while stack:
        node, done = stack.pop()
        if done:
            ordered.append(node)
        elif id(node) not in seen:
            seen.add(id(node))
            stack.append((node, True))
            stack += [(n, False) for n in node.before if n.newest > floor and id(n) not in seen]
    return ordered


def first_events(ends: Iterable[Node], floor: int, work: Work = UNBOUNDED) -> list[int]:
    """The first events of the runs alive that end at some nodes, ascending."""
    nodes = reachable(ends, floor)
    work.spend(2 * len(nodes))
    return sorted({node.seq for node in nodes if node.begins and node.seq > floor})


def trim(ends: Iterable[Node], floor: int) -> list[Node]:
    """Let go of what no run alive needs, and count again; the nodes that are left."""
    nodes = reachable(ends, floor)
    for node in nodes:
        node.cut(floor)
    return nodes


class Counted(NamedTuple):
    """How many runs there are, and how many events they have in all."""

    runs: int
    events: int


_NONE = Counted(0, 0)


def count_runs(ends: Sequence[Node], above: int, up_to: int = NEVER) -> int:
    """How many runs end at some nodes whose first event is in (above, up_to]."""
    return sum(one.runs for one in runs_by_first(ends, above, up_to).values())


def runs_by_first(ends: Sequence[Node], above: int, up_to: int = NEVER) -> dict[int, Counted]:
    """The runs that end at some nodes, by the number of their first event, in (above, up_to]."""
    onward: dict[int, tuple[int, int]] = dict.fromkeys(map(id, ends), (0, 0))
    for node in ends:
        onward[id(node)] = (onward[id(node)][0] + 1, 0)
    found: dict[int, Counted] = {}
    for node in reversed(reachable(ends, above)):
        runs, events = onward[id(node)]
        events += runs
        if node.begins and above < node.seq <= up_to:
            known = found.get(node.seq, _NONE)
            found[node.seq] = Counted(known.runs + runs, known.events + events)
        for earlier in node.before:
            if earlier.newest > above:
                more = onward.get(id(earlier), _NONE)
                onward[id(earlier)] = (more[0] + runs, more[1] + events)
    return found
