"""The runs of one pattern in one key: what events and time do to them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from operators.cep.after_match import AfterMatch, path_key
from operators.cep.buffer import (
    NEVER,
    Counted,
    CountedNode,
    Node,
    Path,
    TimedNode,
    count_runs,
    first_events,
    paths,
    runs_by_first,
    trim,
)
from operators.cep.configuration import Configuration, Plan
from operators.cep.forward import Ending, worth
from operators.cep.limits import Dropped, Limits, first_kept
from operators.cep.nfa import State
from operators.cep.program import Program
from operators.cep.taking import Nodes, ask_late, follow, judge_each
from operators.cep.work import EXHAUSTED, TELL, Work

_FEW = 16
"""Nodes that cost a unit of work where their end is looked for."""
TRIM_AT = 64
"""Nodes made before it is worth looking for some that nobody needs any more."""


class Found(NamedTuple):
    """A match, or a run that timed out at `timeout_ns`."""

    path: Path
    timeout_ns: int | None = None


class Ended(NamedTuple):
    """What time ended: matches, and the runs that timed out, each with the time of it."""

    matches: list[Ending]
    timeouts: list[tuple[Path, int]]


class Runs:
    """State machine of one pattern in one key.

    `advance` before every event, and whenever time goes on; then `take`.

    Args:
        program: the compiled pattern.
        limits: bounds of what is held.
        timeouts: whether runs that time out are told; they end in any case.
        in_order: whether no event is earlier than one before it.
        work: what they may cost, where others pay for it.

    Attributes:
        configuration: states of the runs alive; `ends` has for each the nodes where they end.
        floor: runs whose first event is up to this are gone.
        starts: first events that runs may have: number and time.
        deadline_ns: before this time `advance` changes nothing.
        wake_ns: before this time `advance` changes nothing that could be seen from outside.
        queued_ns: for the owner: up to when it has noted to call `advance`.
        dropped: runs given up, for the owner to take away.
        counted: whether each run may be told of at once, so that each counts; else those that
            differ only in where they began count once.
        may_begin: whether runs may begin.
        told: where runs that time out are told, not below how many are alive.
        work: what the runs may still cost.
        pays: whether it is these runs that earn it, and that give up where nothing is left.
    """

    __slots__ = (
        "after",
        "bound",
        "configuration",
        "counted",
        "deadline_ns",
        "dropped",
        "ends",
        "floor",
        "in_order",
        "limits",
        "made",
        "may_begin",
        "node",
        "pays",
        "program",
        "queued_ns",
        "starts",
        "timeouts",
        "told",
        "trim_at",
        "wake_ns",
        "work",
    )

    def __init__(
        self,
        program: Program,
        limits: Limits,
        *,
        timeouts: bool = True,
        in_order: bool = True,
        work: Work | None = None,
    ) -> None:
        self.pays = work is None
        self.work = work or Work(limits.work)
        self.program = program
        self.limits = limits
        self.timeouts = timeouts
        self.in_order = in_order
        self.configuration: Configuration = program.configurations.empty
        self.ends: list[Nodes] = []
        self.floor = -1
        self.starts: list[tuple[int, int]] = []
        self.deadline_ns = NEVER
        self.wake_ns = NEVER
        self.queued_ns = NEVER
        self.bound = 0
        self.made = 0
        self.trim_at = TRIM_AT
        self.dropped: list[Dropped] = []
        # Without a skip strategy nothing waits: there is nothing to remember.
        self.after = (
            program.after if program.after.keeps_all else AfterMatch(program.nfa, self.work)
        )
        self.counted = program.each_told
        self.node: type[Any] = CountedNode if self.counted else TimedNode if timeouts else Node
        self.may_begin = True
        self.told = 0

    def over(self, time_ns: int) -> bool:
        """Whether all runs are past their windows, so that nobody would see them end."""
        if self.wake_ns != NEVER or self.after.waiting or not self.starts:
            return False
        within_ns = self.program.within_ns
        return within_ns is not None and time_ns - self.starts[-1][1] >= within_ns

    @property
    def idle(self) -> bool:
        """Whether there is neither an unfinished run nor a held match."""
        return not self.ends and not self.after.waiting

    @property
    def held_ns(self) -> int:
        """Earliest end of the matches that are held back; `NEVER` for none."""
        return min((one.node.time_ns for one in self.after.waiting), default=NEVER)

    def take(self, seq: int, time_ns: int, row: Any, bits: int) -> list[Found]:
        """Read one event.

        Args:
            seq: its number, higher than of all before.
            time_ns: its event time, to which `advance` has been called.
            row: its values, kept as long as a run needs them.
            bits: which predicates of the event alone hold.

        Raises:
            SkipError: a strict skip strategy has nowhere to go.
        """
        starts = self.starts
        if starts and time_ns < starts[-1][1]:
            time_ns = starts[-1][1]  # in order of arrival; the time of a key never goes back
        program, configuration, work = self.program, self.configuration, self.work
        work.read(earns=self.pays)
        late: list[Ending] = []
        if program.late and program.late_bits & configuration.looks:
            event = (seq, time_ns, row)
            late = ask_late(program, configuration, self.ends, event, bits, self.floor, work)
        if program.dynamic or not self.may_begin:
            event = (seq, time_ns, row)
            after = judge_each(
                program,
                configuration,
                self.ends,
                event,
                bits,
                self.node,
                work=work,
                may_begin=self.may_begin,
            )
        else:
            bits &= configuration.mask
            plan = configuration.plans.get(bits, NEW)
            if plan is NEW:
                plan = program.configurations.plan(configuration, bits)
            if plan is None:
                return self._take_late(late) if late else []
            if plan.only_begins is not None:
                self._begin(plan, self.node(seq, time_ns, row, plan.only_begins, (), True))
                return []
            after = follow(plan, self.ends, (seq, time_ns, row), self.node, work)
        self.configuration, self.ends, finals, made, begun = after
        if begun:
            starts.append((seq, time_ns))
        found: list[Found] = []
        if finals or late or self.after.waiting:
            self._settle(finals, late, found)
        self._count(made, late, found)
        self.look_ahead()
        return found

    def _take_late(self, late: list[Ending]) -> list[Found]:
        """The event may complete runs; it moves none."""
        found: list[Found] = []
        self._settle([], late, found)
        self._count((), late, found)
        self.look_ahead()
        return found

    def _begin(self, plan: Plan, node: Node) -> None:
        """The first run begins; nothing else happens."""
        self.configuration = plan.becomes
        self.ends = [(node,)]
        self.starts.append((node.seq, node.time_ns))
        self.made = self.bound = self.told = 1
        self.look_ahead()

    def advance(self, time_ns: int) -> list[Found]:
        """Let time go on: runs whose windows are over end, one end after the other.

        What a match removes when it is told at one end does not live to see the next.

        Raises:
            SkipError: a strict skip strategy has nowhere to go.
        """
        found: list[Found] = []
        while self.deadline_ns <= time_ns and self.deadline_ns != NEVER:
            if self.timeouts or self.configuration.ends or self.after.waiting:
                self._end_at(self.deadline_ns, found)
                if self.work.left < 0:
                    self._relieve(found)
            else:
                self._end_unseen(time_ns)
            self.look_ahead()
        return found

    def _end_unseen(self, time_ns: int) -> None:
        """End what is over by a time when nothing is told of it: in which order is all the same."""
        within_ns = self.program.within_ns
        if self.program.step_limits:
            self._end_steps(time_ns, Ended([], []))
        if within_ns is not None and (last := self._last_over(time_ns - within_ns)) > self.floor:
            self._drop_up_to(last)

    def _last_over(self, start_ns: int) -> int:
        """The last first event up to a time."""
        last = self.floor
        for seq, at_ns in self.starts:
            if at_ns > start_ns:
                break
            last = seq
        return last

    def _end_at(self, time_ns: int, found: list[Found]) -> None:
        """End what is over at a time."""
        ended = Ended([], [])
        self.work.spend(sum([len(nodes) for nodes in self.ends]) // _FEW)
        ending = self.told if self.timeouts else 0
        if self.after.keeps_all and self.configuration.ends:
            ending = len(self.starts) * self.bound
        if ending > min(self.limits.runs, self.work.left // (TELL * (1 + self.made))):
            self._keep_ending(time_ns)
        if self.program.step_limits:
            self._end_steps(time_ns, ended)
        if self.program.within_ns is not None:
            self._end_windows(time_ns, self.program.within_ns, ended)
        ended.timeouts.sort(key=lambda end: path_key(end[0]))
        found += [Found(path, at_ns) for path, at_ns in ended.timeouts]
        if ended.matches or self.after.waiting:
            self._give(ended.matches, found)

    def look_ahead(self) -> None:
        """Find out when time matters next."""
        if not self.ends:
            if self.starts:
                self.starts.clear()
            self.made = self.bound = self.told = 0
            self.trim_at = TRIM_AT
            self.deadline_ns = self.wake_ns = NEVER
            if self.pays and not self.after.waiting:
                self.work.begin()
            return
        program = self.program
        deadline_ns = NEVER
        if program.within_ns is not None:
            deadline_ns = self.starts[0][1] + program.within_ns
        if program.step_limits:
            for state, nodes in zip(self.configuration.states, self.ends, strict=True):
                if state.within_ns is not None:
                    first_ns = min(node.time_ns for node in nodes)
                    deadline_ns = min(deadline_ns, first_ns + state.within_ns)
        self.deadline_ns = deadline_ns
        # A run whose end nobody sees may end late, unless an earlier event may come after that.
        seen = self.timeouts or self.configuration.ends or self.after.waiting or not self.in_order
        self.wake_ns = deadline_ns if seen else NEVER

    def alive(self) -> Iterator[Node]:
        """The nodes where runs end."""
        for nodes in self.ends:
            yield from nodes

    def _settle(self, finals: list[Node], late: list[Ending], found: list[Found]) -> None:
        if not self.after.keeps_all:
            self._give([*(Ending(node, self.floor) for node in finals), *late], found)
            return
        # No more runs than this end there; to count them takes longer.
        most = min(self.limits.runs, self.work.left // (TELL * (1 + self.made)))
        if len(self.starts) * sum([node.runs for node in finals]) > most:
            self._keep_matches(finals)
        self._add_matches([path for node in finals for path in paths(node, self.floor)], found)

    def _give(self, endings: Sequence[Ending], found: list[Found]) -> None:
        if self.after.keeps_all:
            self._add_matches(
                [path for one in endings for path in paths(one.node, one.above, one.up_to)], found
            )
            return
        given = self.after.complete(endings, self.alive, self.floor, self.limits.runs)
        found += [Found(path) for path in given.matches]
        if given.gave_up is not None:
            asked = "partial matches that one event has to ask"
            self._give_up(given.gave_up, EXHAUSTED if self.work.left < 0 else asked, 0)
        if given.floor > self.floor:
            self._drop_up_to(given.floor)

    def _add_matches(self, ready: list[Path], found: list[Found]) -> None:
        """Matches that nothing removes, in their order."""
        if len(ready) > 1:
            ready.sort(key=path_key)
        for path in ready:
            self.work.left -= TELL * len(path)
            found.append(Found(path))

    def _end_steps(self, time_ns: int, ended: Ended) -> None:
        left: list[Nodes] = []
        for state, nodes in zip(self.configuration.states, self.ends, strict=True):
            limit = state.within_ns
            if limit is None:
                left.append(nodes)
                continue
            left.append(tuple([node for node in nodes if time_ns - node.time_ns < limit]))
            for node in nodes:
                if time_ns - node.time_ns >= limit:
                    self._end_node(state, Ending(node, self.floor), ended, node.time_ns + limit)
        self._keep(left)

    def _end_windows(self, time_ns: int, within_ns: int, ended: Ended) -> None:
        last = self._last_over(time_ns - within_ns)
        if last <= self.floor:
            return
        for state, nodes in zip(self.configuration.states, self.ends, strict=True):
            if self.timeouts or state.matches_at_end:
                for node in nodes:
                    if node.oldest <= last:
                        self._end_node(state, Ending(node, self.floor, last), ended, None)
        self._drop_up_to(last)

    def _end_node(self, state: State, ending: Ending, ended: Ended, at_ns: int | None) -> None:
        """The time of the runs that end at a node is over, at a time or with their windows."""
        if state.matches_at_end:
            ended.matches.append(ending)
        if self.timeouts and state.times_out:
            node, above, up_to = ending[:3]
            within_ns = self.program.within_ns or 0
            for path in paths(node, above, up_to):
                self.work.spend(TELL * len(path))
                over_ns = path[0].time_ns + within_ns if at_ns is None else at_ns
                ended.timeouts.append((path, over_ns))

    def _drop_up_to(self, floor: int) -> None:
        """Remove the runs whose first event is up to `floor`."""
        self.floor = floor
        starts = self.starts
        gone = 0
        while gone < len(starts) and starts[gone][0] <= floor:
            gone += 1
        del starts[:gone]
        self._keep([tuple([n for n in nodes if n.newest > floor]) for nodes in self.ends])

    def _keep(self, ends: list[Nodes]) -> None:
        """Let go of all nodes but these, and of states that have none left."""
        if all(ends):
            self.ends = ends
            return
        kept = sum(1 << number for number, nodes in enumerate(ends) if nodes)
        self.configuration = self.program.configurations.only(self.configuration, kept)
        self.ends = [nodes for nodes in ends if nodes]

    def _count(self, made: Sequence[Node], late: Sequence[Ending], found: list[Found]) -> None:
        self.made += len(made)
        for node in made:
            self.bound += node.runs
        if self.node is TimedNode:
            self.told += sum([node.told for node in made])  # type: ignore[attr-defined]  # all are
        if late:
            self.made += worth(late)
        if self.bound > self.limits.runs or self.made > self.trim_at:
            self._keep_limits(found)
        if self.work.left < 0:
            self._relieve(found)

    def _keep_limits(self, found: list[Found]) -> None:
        self.fit()
        if self.after.waiting:
            self._give((), found)

    def fit(self) -> None:
        """Count what is alive; give up the oldest runs while it is too much."""
        while True:
            nodes = trim(self.alive(), self.after.least(self.floor))
            self.work.spend(len(nodes))
            waiting = worth(self.after.waiting)
            self.made = sum([node.newest > self.floor for node in nodes]) + waiting
            self.bound = self._runs_alive()
            if self.node is TimedNode:
                self.told = count_runs(list(self.alive()), self.floor)
            if self.bound <= self.limits.runs and self.made <= self.limits.nodes:
                self.trim_at = min(self.limits.nodes, 2 * self.made + TRIM_AT)
                break
            if self.bound > self.limits.runs:
                self._give_up(self._first_kept_run(), "partial matches", 0)
            elif waiting > self.limits.nodes // 2:
                firsts = first_events(self.alive(), self.floor)
                if not firsts:
                    break  # nothing keeps the matches waiting
                self._give_up(firsts[len(firsts) // 2], "matches that wait", 0)
                self.after.give_up(self.floor)
            else:
                newest = [(node.newest, 1) for node in nodes]
                self._give_up(first_kept(newest, self.limits.nodes - waiting), "buffered events", 0)

    def _runs_alive(self) -> int:
        if self.counted:
            return count_runs(list(self.alive()), self.floor)
        return sum([node.runs for node in self.alive()])

    def _first_kept_run(self) -> int:
        """Up to which first event runs are given up when there are too many."""
        if self.counted:
            by_first = runs_by_first(list(self.alive()), self.floor)
            weights = [(first, one.runs) for first, one in by_first.items()]
        else:
            weights = [(node.newest, node.runs) for node in self.alive()]
        return first_kept(weights, self.limits.runs)

    def _keep_matches(self, finals: list[Node]) -> None:
        """Give up the oldest runs when one event completes too many, or too long ones."""
        by_first = runs_by_first(finals, self.floor)
        for reason, most, weights in (
            ("matches of one event", self.limits.runs, _runs_of(by_first)),
            (EXHAUSTED, int(min(self.work.left, NEVER)), _cost_of(by_first)),
        ):
            left = [(first, weight) for first, weight in weights if first > self.floor]
            if sum([weight for _, weight in left]) > most:
                floor = first_kept(left, most)
                lost = sum(
                    one.runs for first, one in by_first.items() if self.floor < first <= floor
                )
                self._give_up(floor, reason, lost)

    def _keep_ending(self, time_ns: int) -> None:
        """Give up the oldest runs when more are alive than may be told of, or longer ones."""
        by_first = runs_by_first(list(self.alive()), self.floor)
        self.work.spend(len(by_first))
        self.told = sum(one.runs for one in by_first.values())
        if self.told > self.limits.runs:
            floor = first_kept(_runs_of(by_first), self.limits.runs)
            self.told = sum(one.runs for first, one in by_first.items() if first > floor)
            self._give_up(floor, "partial matches when time runs out", 0)
        last = NEVER
        if not self.program.step_limits and self.program.within_ns is not None:
            last = self._last_over(time_ns - self.program.within_ns)
        ending = sum(cost for first, cost in _cost_of(by_first) if self.floor < first <= last)
        if ending > self.work.left:
            self.work.relieve()
            middle = self._middle()
            self._give_up(middle if last == NEVER else max(last, middle), EXHAUSTED, 0)

    def _relieve(self, found: list[Found]) -> None:
        """Give up the older half of the first events: nothing is left of what they may cost."""
        if not self.pays or not self.starts:
            return
        self.work.relieve()
        waiting = len(self.after.waiting)
        self._give_up(self._middle(), EXHAUSTED, 0)
        if waiting:
            self.after.give_up(self.floor)
            self._give((), found)

    def _middle(self) -> int:
        """The first event up to which half of them are."""
        alive = [seq for seq, _ in self.starts if seq > self.floor]
        return alive[len(alive) // 2] if alive else self.floor

    def _give_up(self, floor: int, reason: str, matches: int) -> None:
        """Remove the runs with a first event up to `floor`; tell how many there were."""
        seq, time_ns = next((start for start in self.starts if start[0] > self.floor), (-1, -1))
        if seq < 0:
            return
        runs = count_runs(list(self.alive()), self.floor, floor)
        self._drop_up_to(floor)
        self.dropped.append(Dropped(seq, time_ns, runs + matches, reason))


def _runs_of(by_first: Mapping[int, Counted]) -> list[tuple[int, int]]:
    return [(first, one.runs) for first, one in by_first.items()]


def _cost_of(by_first: Mapping[int, Counted]) -> list[tuple[int, int]]:
    """What it costs to tell of runs, by their first events."""
    return [(first, TELL * one.events) for first, one in by_first.items()]


NEW: Any = object()
"""Stands for a plan that has not been worked out."""
