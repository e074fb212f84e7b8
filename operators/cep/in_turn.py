"""The runs of one pattern in one key, one first event after the other.

Only the runs of the earliest first event are followed (`current`); of the later ones the events are
kept (`log`) and read again when their turn comes. Memory is one node for each event and position of
one first event, and one entry for each event, whatever runs remember of what they took.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from math import isqrt
from typing import Any, NamedTuple

from operators.cep.buffer import NEVER, Node, count_runs
from operators.cep.configuration import Configuration
from operators.cep.forward import Ending
from operators.cep.limits import Dropped, Limits
from operators.cep.nfa import ALWAYS_BIT
from operators.cep.program import Program
from operators.cep.runs import TRIM_AT, Found, Runs
from operators.cep.turns import Turns
from operators.cep.work import EXHAUSTED, Work

_EVERY = Configuration((), -1, -1, needs_next=True, ends=False)
"""Every event matters."""
_FITTING = Configuration((), -1, -1, needs_next=False, ends=False)
"""Events matter for which a predicate holds."""


class Logged(NamedTuple):
    """An event that was read, and whether a run may begin with it; see `Runs.take`."""

    seq: int
    time_ns: int
    row: Any
    bits: int
    begins: bool


class OneTurn(Runs):
    """Runs of one first event. Its matches wait while `waits`: its turn has not come."""

    __slots__ = ("waits",)

    def __init__(
        self,
        program: Program,
        limits: Limits,
        *,
        timeouts: bool = True,
        in_order: bool = True,
        work: Work | None = None,
    ) -> None:
        super().__init__(program, limits, timeouts=timeouts, in_order=in_order, work=work)
        self.may_begin = False
        self.waits = False

    def begin(self, event: Logged) -> list[Found]:
        """Read the first event."""
        self.may_begin = True
        found = self.take(*event[:4])
        self.may_begin = False
        return found

    def give(self) -> list[Found]:
        """Its turn has come: the matches that waited."""
        self.waits = False
        found: list[Found] = []
        if self.after.waiting:
            self._give((), found)
            self.look_ahead()
        return found

    def _give(self, endings: Sequence[Ending], found: list[Found]) -> None:
        if self.waits:
            self.after.wait(endings)
        else:
            super()._give(endings, found)


class RunsInTurn(Runs):
    """Runs of one pattern in one key, of which those of one first event are followed at a time.

    Parameters as for `Runs`; the program has `turns`.

    Attributes:
        current: the runs that are followed; None where the next ones may wait, for as long as no
            event has come that completes a run.
        log: the events from the first one on with which a run may begin that is not followed yet.
        pending: how many of them there are.
        newest_ns: time of the newest first event.
        completed: number of the last event in the log that may complete a run.
        wiped: number of the last event that ended every run before it.
        resting: whether the last first event had its turn until the end of its window: later ones
            are taken to last as long, and are read when that matters.
    """

    __slots__ = (
        "completed",
        "current",
        "log",
        "newest_ns",
        "pending",
        "resting",
        "turns",
        "wiped",
    )

    def __init__(
        self, program: Program, limits: Limits, *, timeouts: bool = True, in_order: bool = True
    ) -> None:
        super().__init__(program, limits, timeouts=timeouts, in_order=in_order)
        if program.turns is None:
            raise ValueError("the runs of this pattern cannot take turns")
        self.turns: Turns = program.turns
        self.current: OneTurn | None = None
        self.log: deque[Logged] = deque()
        self.pending = 0
        self.newest_ns = -NEVER
        self.completed = self.wiped = -1
        self.resting = False

    def over(self, time_ns: int) -> bool:
        """Whether all runs are past their windows, so that nobody would see them end."""
        return not self.pending and self.current is not None and self.current.over(time_ns)

    @property
    def idle(self) -> bool:
        """Whether there is no unfinished run."""
        return self.current is None and not self.pending

    @property
    def held_ns(self) -> int:
        """Not above the earliest end of the matches that are held back; `NEVER` for none."""
        return self.log[0].time_ns if self.log else NEVER

    def take(self, seq: int, time_ns: int, row: Any, bits: int) -> list[Found]:
        """Read one event; see `Runs.take`."""
        time_ns = max(time_ns, self.newest_ns)
        program = self.program
        self.work.read(earns=True)
        start = program.nfa.start
        own = program.bits_for(bits, start.looks, row, None)
        begins = bool(program.nfa.move(start, own).takes)
        event = Logged(seq, time_ns, row, bits, begins)
        found: list[Found] = []
        if begins:
            self.newest_ns = time_ns
        if self.idle:
            if not begins:
                return found
            self.current = self.new_turn()
            found += self.current.begin(event)
        else:
            if self.current is not None:
                found += self.current.take(seq, time_ns, row, bits)
            if self.log or begins:
                self._add(event)
            if not bits & self.turns.keeping:
                self.wiped = seq
        self._go_on(found)
        self._keep_limits(found)
        self._keep_work(found)
        self.look_ahead()
        return found

    def advance(self, time_ns: int) -> list[Found]:
        """Let time go on; see `Runs.advance`."""
        found: list[Found] = []
        while self.deadline_ns <= time_ns and self.deadline_ns != NEVER:
            self._end_at(self.deadline_ns, found)
            self._go_on(found)
            self._keep_work(found)
            self.look_ahead()
        return found

    def look_ahead(self) -> None:
        """Find out when time and events matter next, and how much is held."""
        current, log = self.current, self.log
        self.made, self.bound = len(log), self.pending
        self.deadline_ns = NEVER
        self.configuration = self.program.configurations.empty
        if current is not None:
            self.made += current.made
            self.bound += current.bound
            self.deadline_ns = current.deadline_ns
            self.configuration = current.configuration
        elif log:
            self.deadline_ns = self._end_of(log[0])
        else:
            self.newest_ns = -NEVER
            self.trim_at = TRIM_AT
            self.work.begin()
        if log:
            # Nobody knows which events matter to the runs whose turn has not come.
            needs_next = self.configuration.needs_next or (
                self.turns.next_event and not self._fits_nothing(log[-1])
            )
            self.configuration = _EVERY if needs_next or self.turns.every_event else _FITTING
        seen = self.timeouts or log or not self.in_order
        self.wake_ns = self.deadline_ns if seen else NEVER

    def alive(self) -> Iterator[Node]:
        """The nodes where the runs end that are followed."""
        return iter(()) if self.current is None else self.current.alive()

    def go_on_with(
        self,
        current: OneTurn | None,
        log: Iterable[Logged],
        floor: int,
        newest_ns: int,
        *,
        resting: bool,
        wiped: int = -1,
    ) -> None:
        """Go on where others were."""
        self.current, self.resting, self.wiped = current, resting, wiped
        self.log = deque(log)
        self.pending = sum(event.begins for event in self.log)
        self.floor, self.newest_ns = floor, newest_ns
        completing = (e.seq for e in self.log if e.bits & self.turns.completes)
        self.completed = max(completing, default=-1)
        self.look_ahead()

    def new_turn(self) -> OneTurn:
        """Runs of a first event that has its turn."""
        turn = OneTurn(
            self.program,
            self.limits,
            timeouts=self.timeouts,
            in_order=self.in_order,
            work=self.work,
        )
        turn.floor = self.floor
        return turn

    def _read_again(self, first: Logged) -> OneTurn | None:
        """The runs of the first event of the log, as they are now; their matches wait.

        None where nothing is left of what that may cost.
        """
        turn = self.new_turn()
        turn.waits = True
        turn.begin(first)
        for event in islice(self.log, 1, None):
            if not turn.ends:
                break
            turn.take(event.seq, event.time_ns, event.row, event.bits)
            if self.work.left < 0:
                return None
        return turn

    def _fits_nothing(self, event: Logged) -> bool:
        """Whether a second event like this, right after it, would change nothing."""
        return event.bits == ALWAYS_BIT and not self.turns.every_event

    def _add(self, event: Logged) -> None:
        """Keep an event to be read again."""
        log = self.log
        if log and self._fits_nothing(event) and self._fits_nothing(log[-1]):
            return
        log.append(event)
        self.pending += event.begins
        if event.bits & self.turns.completes:
            self.completed = event.seq

    def _next(self) -> Logged | None:
        """The first event whose turn is next; what lies before it is let go of."""
        log = self.log
        while log and not (log[0].begins and log[0].seq > self.floor):
            self.pending -= log.popleft().begins
        return log[0] if log else None

    def _pop(self) -> None:
        """The first event of the log has had its turn, or has it now."""
        self.log.popleft()
        self.pending -= 1
        self._next()

    def _go_on(self, found: list[Found]) -> None:
        """While the runs of a first event are over, the next one has its turn."""
        while True:
            current = self.current
            if current is not None:
                self._learn(current)
                if not current.idle:
                    return
                self.current = None
            first = self._next()
            if first is None:
                return
            if self.completed < first.seq:
                if first.seq < self.wiped:
                    self._pop()
                    continue
                if self.turns.endure or self.resting:
                    return
            self.resting = False
            turn = self._read_again(first)
            if turn is None:
                self._give_up_half()
                continue
            self.current = turn
            self._pop()
            found += turn.give()

    def _learn(self, turn: OneTurn) -> None:
        """What the matches of runs removed, and runs that were given up."""
        self.floor = max(self.floor, turn.floor)
        if turn.dropped:
            self.dropped += turn.dropped
            turn.dropped.clear()

    def _end_of(self, first: Logged) -> int:
        within_ns = self.program.within_ns
        return NEVER if within_ns is None else first.time_ns + within_ns

    def _end_at(self, time_ns: int, found: list[Found]) -> None:
        """End the runs whose windows end at a time: all of them before a match is given."""
        if self.timeouts:
            self._keep_timeouts()
        if self.current is not None:
            found += self.current.advance(time_ns)
            self._learn(self.current)
        self.resting = True
        ended = []
        while (first := self._next()) is not None and self._end_of(first) <= time_ns:
            if self.timeouts or self.completed >= first.seq:
                turn = self._read_again(first)
                if turn is None:
                    self._give_up_half()
                    continue
                found += turn.advance(time_ns)
                ended.append((first.seq, turn))
            self._pop()
        void = -1
        for seq, turn in ended:
            if seq > void:
                found += turn.give()
                self._learn(turn)
                void = turn.floor

    def _keep_work(self, found: list[Found]) -> None:
        """Give up the older half of the first events when nothing is left of what they may cost."""
        if self.work.left < 0 and not self.idle:
            self._give_up_half()
            self._go_on(found)

    def _give_up_half(self) -> None:
        self.work.relieve()
        self._give_up_turns(len(self.log), self.pending // 2, EXHAUSTED)

    def _keep_timeouts(self) -> None:
        """Give up the oldest runs when more are alive than may be told of.

        The runs of a later first event are taken to be fewer, as in a loop.
        """
        while self.current is None and (first := self._next()) is not None:
            turn = self._read_again(first)
            if turn is None:
                self._give_up_half()
                continue
            self.current = turn
            turn.give()
            self._pop()
        if self.current is None:
            return
        firsts = self.pending + 1
        runs = count_runs(list(self.current.alive()), self.floor)
        most = self.limits.runs
        if runs * firsts // 2 > most and firsts > 1:
            left = isqrt(2 * (most - most // 8) * firsts // runs)
            self._give_up_turns(len(self.log), left, "partial matches when time runs out")

    def _keep_limits(self, found: list[Found]) -> None:
        """Give up the oldest first events while too much is held."""
        self._trim()
        current, limits = self.current, self.limits
        nodes = len(self.log) + (0 if current is None else current.made)
        runs = self.pending + (0 if current is None else current.bound)
        if nodes <= limits.nodes and runs <= limits.runs:
            return
        reason = "buffered events" if nodes > limits.nodes else "partial matches"
        self._give_up_turns(
            (limits.nodes - limits.nodes // 8) // 2, limits.runs - limits.runs // 8, reason
        )
        self._go_on(found)

    def _give_up_turns(self, events: int, firsts: int, reason: str) -> None:
        """Give up the oldest first events; of those whose turn has not come each counts as a run.

        Args:
            events: how many events may be left in the log.
            firsts: how many first events may be left.
            reason: the limit that was met.
        """
        runs, gone = 0, []
        if self.current is not None:
            gone += [start for start in self.current.starts if start[0] > self.floor]
            runs = count_runs(list(self.current.alive()), self.floor)
            self.current = None
        log = self.log
        while (len(log) > events or self.pending > firsts) and self._next() is not None:
            gone.append(log[0][:2])
            runs += 1
            self._pop()
        if gone:
            self.floor = max(self.floor, gone[-1][0])
            self.dropped.append(Dropped(*gone[0], runs, reason))

    def _trim(self) -> None:
        """Let go of the oldest first events whose runs are over without a match."""
        if self.turns.endure or len(self.log) <= self.trim_at:
            return
        while (first := self._next()) is not None:
            turn = self._read_again(first)
            if turn is None or not turn.idle:
                break
            self._pop()
        self.trim_at = 2 * len(self.log) + TRIM_AT
