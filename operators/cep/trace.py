"""What became of every run: the matcher itself, watched while it works.

Nothing here decides anything. `TracedRuns` lets the runs read an event as always, and asks the
state machine beforehand what it will do with each run.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, NamedTuple

from operators.cep.buffer import Node, Path
from operators.cep.forward import Ending
from operators.cep.limits import Limits
from operators.cep.moments import Change, Fate, Moment, RunId
from operators.cep.nfa import Position, State
from operators.cep.program import Program
from operators.cep.reasons import Cause, Obstacle, Obstacles
from operators.cep.runs import Ended, Found, Runs

MOST_RUNS = 200
"""Runs of one pattern and key that are watched at once; the others are counted only."""


Placed = tuple[int, Position]
"""Number of an event and where it was taken."""


@dataclass(frozen=True, slots=True, eq=False)
class WatchedRun:
    """A run alive: its name, what it took, its nodes, and the state it is in."""

    id: RunId
    taken: tuple[Placed, ...]
    path: Path
    state: State


class _Grown(NamedTuple):
    """A run that takes the event: its name, the run it grew from (None: it begins), its place."""

    id: RunId
    parent: WatchedRun | None
    position: Position
    taken: tuple[Placed, ...]


class TracedRuns(Runs):
    """Runs of one pattern in one key that are watched; parameters as for `Runs`.

    Attributes:
        moments: what happened, to be taken away.
        watched: the runs alive, as far as they are watched.
    """

    __slots__ = (
        "_cause",
        "_complete",
        "_grown",
        "_names",
        "_now",
        "_numbers",
        "_removed",
        "moments",
        "watched",
    )

    def __init__(self, program: Program, limits: Limits, *, in_order: bool = True) -> None:
        super().__init__(program, limits, timeouts=True, in_order=in_order)
        self.moments: list[Moment] = []
        self.watched: list[WatchedRun] = []
        self._names = Obstacles(program.nfa)
        self._numbers: dict[int, Iterator[int]] = {}
        self._now = Moment(0, None)
        self._cause = Cause.WINDOW
        # Matches that are not told yet, by what they took.
        self._complete: dict[tuple[Placed, ...], RunId] = {}
        # Runs that take the event that is being read: they have no node until it has been read.
        self._grown: list[_Grown] = []
        self._removed: list[Change] = []

    def take(self, seq: int, time_ns: int, row: Any, bits: int) -> list[Found]:
        """Read one event."""
        self._now = Moment(time_ns, seq)
        held = set(self._complete)
        self._foresee(seq, row, bits)
        found = super().take(seq, time_ns, row, bits)
        self._catch_up()
        self._tell(found, held)
        return found

    def advance(self, time_ns: int) -> list[Found]:
        """Let time go on."""
        if time_ns < self.deadline_ns:
            return []
        self._now = Moment(time_ns, None)
        held = set(self._complete)
        found = super().advance(time_ns)
        self._tell(found, held)
        return found

    def _foresee(self, seq: int, row: Any, bits: int) -> None:
        """What the state machine will do with each run."""
        staying = []
        for run in self.watched:
            stays = self._foresee_run(run, seq, row, bits)
            if stays is not None:
                staying.append(WatchedRun(run.id, run.taken, run.path, stays))
        self.watched = staying
        start = self.program.nfa.start
        own = self.program.bits_for(bits, start.looks, row, None)
        self._note_fits(start, own)
        for position in self.program.nfa.move(start, own).takes:
            self._grow(self._name(seq), None, position, seq)

    def _foresee_run(self, run: WatchedRun, seq: int, row: Any, bits: int) -> State | None:
        """The state in which the run passes over the event, if it does."""
        own = self.program.bits_for(bits, run.state.looks, row, run.path[-1])
        self._note_fits(run.state, own)
        move = self.program.nfa.move(run.state, own)
        keeps_name = move.stays is None and len(move.takes) == 1
        for position in move.takes:
            name = run.id if keeps_name else self._name(run.id.first)
            self._grow(name, run, position, seq)
        if move.completes:
            self._complete[run.taken] = run.id
        obstacles = () if move.takes else tuple(self._names.of(run.state, own))
        if move.stays is not None:
            awaits = self._names.awaited(move.stays)
            self._note(run, Fate.WAITS, awaits=awaits, obstacles=obstacles)
        elif not move.takes and not move.completes:
            self._note(run, Fate.ENDS, obstacles=obstacles)
        return move.stays

    def _grow(self, name: RunId, parent: WatchedRun | None, position: Position, seq: int) -> None:
        if len(self._grown) + len(self.watched) >= MOST_RUNS:
            self._now.unwatched = True
            return
        taken = (*(parent.taken if parent else ()), (seq, position))
        self._grown.append(_Grown(name, parent, position, taken))
        if position.accepts:
            self._complete[taken] = name
        awaits: tuple[str, ...] = ()
        if position.key is not None:
            awaits = self._names.awaited(self.program.nfa.state(position.key))
        fate = Fate.TAKES if parent else Fate.BEGINS
        origin = parent.id if parent and parent.id != name else None
        change = Change(name, fate, _steps(taken), position.step, origin, awaits)
        self._now.changes.append(change)

    def _catch_up(self) -> None:
        """Find the nodes of the runs that took the event."""
        if not self._grown:
            return
        seq = self._grown[0].taken[-1][0]
        made: dict[tuple[Position, int | None], Node] = {}
        for node in self.alive():
            if node.seq == seq:
                made |= {(node.position, id(before)): node for before in node.before}
                if node.begins:
                    made[node.position, None] = node
        for grown in self._grown:
            parent = grown.parent
            if grown.position.key is not None:
                node = made[grown.position, id(parent.path[-1]) if parent else None]
                path = (*(parent.path if parent else ()), node)
                state = self.program.nfa.state(grown.position.key)
                self.watched.append(WatchedRun(grown.id, grown.taken, path, state))
        self._grown = []

    def _end_steps(self, time_ns: int, ended: Ended) -> None:
        super()._end_steps(time_ns, ended)
        alive = {id(node) for node in self.alive()}
        self._end(Cause.STEP_WINDOW, [run for run in self.watched if id(run.path[-1]) not in alive])

    def _end_windows(self, time_ns: int, within_ns: int, ended: Ended) -> None:
        self._cause = Cause.WINDOW
        super()._end_windows(time_ns, within_ns, ended)

    def _give(self, endings: Sequence[Ending], found: list[Found]) -> None:
        before, self._cause = self._cause, Cause.SKIP
        super()._give(endings, found)
        self._cause = before

    def _keep_limits(self, found: list[Found]) -> None:
        self._cause = Cause.LIMIT
        super()._keep_limits(found)

    def _drop_up_to(self, floor: int) -> None:
        self._catch_up()
        self._end(self._cause, [run for run in self.watched if run.id.first <= floor])
        super()._drop_up_to(floor)

    def _end(self, cause: Cause, runs: list[WatchedRun]) -> None:
        gone = {id(run) for run in runs}
        self.watched = [run for run in self.watched if id(run) not in gone]
        for run in runs:
            in_time = cause not in (Cause.WINDOW, Cause.STEP_WINDOW)
            if not in_time and run.state.matches_at_end:
                self._complete[run.taken] = run.id
            if in_time or run.state.times_out:
                awaits = self._names.awaited(run.state)
                self._note(run, Fate.ENDS, awaits=awaits, cause=cause)

    def _note(
        self,
        run: WatchedRun,
        fate: Fate,
        *,
        awaits: tuple[str, ...] = (),
        obstacles: tuple[Obstacle, ...] = (),
        cause: Cause | None = None,
    ) -> None:
        change = Change(
            run.id,
            fate,
            _steps(run.taken),
            awaits=awaits,
            obstacles=obstacles,
            before=run.path,
            cause=cause,
        )
        # What a match removes is told after it.
        later = cause in (Cause.SKIP, Cause.LIMIT)
        (self._removed if later else self._now.changes).append(change)

    def _tell(self, found: list[Found], held: set[tuple[Placed, ...]]) -> None:
        """Matches given, held back and made void; then what they removed."""
        changes = self._now.changes
        for one in found:
            if one.timeout_ns is None:
                taken = tuple((node.seq, node.position) for node in one.path)
                run = self._complete.pop(taken, RunId(one.path[0].seq, 0))
                changes.append(Change(run, Fate.MATCHES, _steps(taken)))
        waiting = {tuple((node.seq, node.position) for node in path) for path in self.after.paths()}
        for taken in [taken for taken in self._complete if taken not in waiting]:
            run = self._complete.pop(taken)
            changes.append(Change(run, Fate.VOID, _steps(taken), cause=Cause.SKIP))
        for taken, run in self._complete.items():
            if taken not in held:
                changes.append(Change(run, Fate.HELD, _steps(taken)))
        changes += self._removed
        self._removed = []
        if changes or self._now.unwatched:
            self.moments.append(self._now)

    def _note_fits(self, state: State, bits: int) -> None:
        known = self._now.fits
        known += [step for step in self._names.fits(state, bits) if step not in known]

    def _name(self, first: int) -> RunId:
        return RunId(first, next(self._numbers.setdefault(first, count(1))))


def _steps(taken: tuple[Placed, ...]) -> tuple[tuple[str, int], ...]:
    return tuple((position.step, seq) for seq, position in taken)
