"""The state machine of a pattern, made as far as events need it.

A *position* is where a run stands after it took an event. A *state* is a position with the ways
that are still open. Predicates are numbered; an event is a set of bits, one for each predicate that
holds. What a state does with an event depends on the bits alone, so that it is worked out once for
each combination and then looked up.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from operators.cep.positions import Frames, Onward, Places, Tail, Way
from operators.cep.ways import BitWay, GreedyBits, lift_bits, lifts, looks, looks_at_next, ranks
from tidegauge.patterns.checks import PatternError
from tidegauge.patterns.condition import ALWAYS, Condition
from tidegauge.patterns.pattern import Pattern, step_names

StateKey = tuple[Frames, int, bool, int]
"""Position, open ways, whether the next event is the first one, and blocks that were lifted."""

MAX_POSITIONS = 5_000
"""A pattern with more is refused: `A{1000}` in a group of `{1000}` would have a million."""
ALWAYS_BIT = 1
"""Bit of the predicate that always holds; set for every event."""


@dataclass(slots=True, eq=False)
class Position:
    """A place after a take.

    `order` is the step's place in the text of the pattern. `ranks` orders the positions that can
    follow; lower comes first.
    """

    frames: Frames
    step: str
    order: int
    shown: bool
    accepts: bool
    ways: tuple[BitWay, ...]
    ranks: dict[Frames, int]
    key: StateKey | None = None
    """Of the state in which a run is that took its event here; None when it cannot go on."""


@dataclass(frozen=True, slots=True)
class Move:
    """What an event does to a run in some state.

    `takes`: positions after taking it, one new run for each. `stays`: the state of the run that
    passes over it, None when it ends. `completes`: the run is a match without the event.
    """

    takes: tuple[Position, ...]
    stays: "State | None"
    completes: bool = False


@dataclass(slots=True, eq=False)
class State:
    """A position with its open ways.

    When time is over, a run is a match if it waited for what must not come (`matches_at_end`), and
    times out if it waited for an event (`times_out`). After a loop it may do both: to take more for
    the loop and to leave it are two ways, that part with the first event that is passed over.
    """

    key: StateKey
    position: Position | None
    ways: tuple[BitWay, ...]
    within_ns: int | None
    matches_at_end: bool
    times_out: bool
    looks: int
    """Predicates that matter here."""
    moves: dict[int, Move] = field(default_factory=dict)
    idle: bool = False
    """Whether an event for which no predicate holds changes nothing."""


class Nfa:
    """The state machine of one pattern."""

    def __init__(self, pattern: Pattern) -> None:
        self.pattern = pattern
        self.predicates: list[Condition] = [ALWAYS]
        self._numbers: dict[Condition, int] = {ALWAYS: 0}
        self._places = Places(pattern)
        self._order = {name: number for number, name in enumerate(step_names(pattern))}
        self._positions: dict[Frames, Position] = {}
        self._lasts: dict[Frames, Position] = {}
        self._states: dict[StateKey, State] = {}
        start = self._places.from_start()
        ways = self._bit_ways(start)
        key: StateKey = ((), (1 << len(ways)) - 1, True, 0)
        self.start = State(key, None, ways, None, False, True, looks(ways))
        self.start_ranks = ranks(ways)
        self._reach_all()
        self.step_limits = any(way.within_ns is not None for way in self.all_ways())

    def places(self) -> Iterator[Position]:
        """Every position."""
        yield from self._positions.values()

    def all_ways(self) -> Iterator[BitWay]:
        """Every way of every position."""
        yield from self.start.ways
        for position in self._positions.values():
            yield from position.ways

    def position(self, frames: Frames) -> Position:
        """The position of a place."""
        position = self._positions.get(frames)
        if position is None:
            onward = self._places.after(frames)
            ways = self._bit_ways(onward)
            name = self._places.step_at(frames).name
            order = self._order[name]
            shown = name not in self.pattern.hidden
            position = Position(frames, name, order, shown, onward.accepts, ways, ranks(ways))
            self._positions[frames] = position
            if ways:
                fresh = looks_at_next(ways)
                position.key = (frames, (1 << len(ways)) - 1, fresh, 0)
        return position

    def state(self, key: StateKey) -> State:
        """The state of a key."""
        state = self._states.get(key)
        if state is None:
            frames, mask, fresh, _ = key
            position = self.position(frames)
            ways = position.ways
            opened = [way for number, way in enumerate(ways) if mask >> number & 1]
            limits = [way.within_ns for way in opened if way.within_ns is not None]
            at_end = [way.tail is Tail.WINDOW_END for way in opened]
            others = not all(at_end)
            unsure = fresh and (others or any(way.ends_next for way in opened))
            matches = any(at_end) and not unsure
            state = State(
                key,
                position,
                ways,
                min(limits, default=None),
                matches,
                others or not matches,
                looks(opened),
            )
            self._states[key] = state
            state.idle = self.move(state, ALWAYS_BIT) == Move((), state)
        return state

    def move(self, state: State, bits: int) -> Move:
        """What an event with these bits does to a run in this state."""
        move = state.moves.get(bits)
        if move is None:
            move = state.moves[bits] = self._work_out(state, bits)
        return move

    def _work_out(self, state: State, bits: int) -> Move:
        frames, mask, fresh, lifted = state.key
        opened = [(n, way) for n, way in enumerate(state.ways) if mask >> n & 1]
        ends = any(bits & way.ends for _, way in opened)
        if fresh:
            lifted |= lifts((way for _, way in opened), bits)
        blocked = {n for n, way in opened if way.blocked(bits, lifted, fresh=fresh)}
        if fresh and any(bits & way.ends_next for n, way in opened if n not in blocked):
            return Move((), None)
        free = [(n, way) for n, way in opened if n not in blocked]
        completes = any(way.tail is Tail.NEXT_EVENT for _, way in free)
        takes = tuple(self.position(way.target) for _, way in free if way.takes(bits))
        if ends:
            # The event that must not come ends the run; a match that it completes is one.
            return Move(tuple(map(self._last, filter(_accepts, takes))), None, completes)
        stays = sum(1 << n for n, way in free if way.passes(bits))
        if not stays or state is self.start:
            return Move(takes, None, completes)
        key = (frames, stays, False, lifted & lift_bits(w for n, w in opened if stays >> n & 1))
        return Move(takes, self.state(key), completes)

    def _last(self, position: Position) -> Position:
        """The position, for a run that is a match there and does not go on."""
        if position.key is None:
            return position
        last = self._lasts.get(position.frames)
        if last is None:
            last = self._lasts[position.frames] = replace(position, key=None)
        return last

    def _reach_all(self) -> None:
        """Number every predicate that any position looks at."""
        pending = [way.target for way in self.start.ways]
        while pending:
            frames = pending.pop()
            if frames not in self._positions:
                if len(self._positions) == MAX_POSITIONS:
                    raise PatternError(
                        f"{self.pattern.name}: more than {MAX_POSITIONS:,} positions; "
                        "write smaller numbers of times"
                    )
                pending += [way.target for way in self.position(frames).ways if way.target]

    def _bit_ways(self, onward: Onward) -> tuple[BitWay, ...]:
        lift = 0
        result = []
        for way in onward.ways:
            greedy = []
            for one in way.greedy:
                until = 0 if one.until is None else self._bit(one.until)
                greedy.append(GreedyBits(self._bit(one.where), until, one.first_only, lift))
                lift += 1
            result.append(self._bit_way(way, tuple(greedy)))
        return tuple(result)

    def _bit_way(self, way: Way, greedy: tuple[GreedyBits, ...]) -> BitWay:
        return BitWay(
            gap=way.gap,
            target=way.target,
            tail=way.tail,
            where=0 if way.step is None else self._bit(way.step.where),
            blocks=self._bits(way.blocks),
            never_take=self._bits(way.never_take),
            never_pass=self._bits(way.never_pass),
            greedy=greedy,
            ends=self._bits(way.ends),
            ends_next=self._bits(way.ends_next),
            within_ns=way.within_ns,
        )

    def _bits(self, conditions: Iterable[Condition]) -> int:
        bits = 0
        for condition in conditions:
            bits |= self._bit(condition)
        return bits

    def _bit(self, condition: Condition) -> int:
        number = self._numbers.get(condition)
        if number is None:
            number = self._numbers[condition] = len(self.predicates)
            self.predicates.append(condition)
        return 1 << number


def _accepts(position: Position) -> bool:
    return position.accepts
