"""Why an event does not move a run: the ways of its state, one after the other."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from operators.cep.nfa import Nfa, State
from operators.cep.positions import Tail
from operators.cep.ways import BitWay, lifts
from tidegauge.patterns.condition import Condition
from tidegauge.patterns.pattern import Absence, Contiguity, steps_of


class Cause(StrEnum):
    """What kept a run from taking an event, or ended it."""

    CONDITION = "condition"
    CONTIGUITY = "contiguity"
    UNTIL = "until"
    GREEDY = "greedy"
    NEGATION = "negation"
    WINDOW = "window"
    STEP_WINDOW = "step window"
    SKIP = "skip"
    LIMIT = "limit"


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why a way is not taken.

    Attributes:
        cause: what kind of reason.
        step: the step that the way leads to, or what must not come.
        condition: what held and should not, or did not and should.
    """

    cause: Cause
    step: str
    condition: Condition


class Obstacles:
    """Explains moves of one state machine."""

    def __init__(self, nfa: Nfa) -> None:
        self._nfa = nfa
        self._absent: dict[Condition, str] = {}
        for item in steps_of(nfa.pattern.sequence):
            if isinstance(item, Absence):
                self._absent.setdefault(item.where, item.name)

    def step_of(self, way: BitWay) -> str:
        """The step that a way takes an event for; for one that waits for the end a word for it."""
        if way.tail is Tail.WINDOW_END:
            return "the end of the window"
        if way.tail is Tail.NEXT_EVENT:
            return "the next event"
        return self._nfa.position(way.target).step

    def opened(self, state: State) -> list[BitWay]:
        """Ways that are still open."""
        mask = state.key[1]
        return [way for number, way in enumerate(state.ways) if mask >> number & 1]

    def awaited(self, state: State) -> tuple[str, ...]:
        """What a run in this state waits for."""
        return tuple(dict.fromkeys(map(self.step_of, self.opened(state))))

    def fits(self, state: State, bits: int) -> list[str]:
        """Steps awaited in a state whose conditions hold."""
        ways = [way for way in self.opened(state) if way.tail is None and bits & way.where]
        return list(dict.fromkeys(map(self.step_of, ways)))

    def of(self, state: State, bits: int) -> list[Obstacle]:
        """Why each open way does not take the event; what ends the run alone, if anything does."""
        opened = self.opened(state)
        _, _, fresh, lifted = state.key
        for way in opened:
            if bits & way.ends:
                return [self._negation(bits & way.ends)]
        if fresh:
            lifted |= lifts(opened, bits)
            for way in opened:
                if bits & way.ends_next and not way.blocked(bits, lifted, fresh=fresh):
                    return [self._negation(bits & way.ends_next)]
        found = (o for way in opened for o in self._way(way, bits, lifted, fresh=fresh))
        return list(dict.fromkeys(found))

    def _way(self, way: BitWay, bits: int, lifted: int, *, fresh: bool) -> Iterator[Obstacle]:
        step = self.step_of(way)
        if bits & way.blocks:
            yield Obstacle(Cause.UNTIL, step, self._condition(bits & way.blocks))
        elif way.left_alone(bits, lifted, fresh=fresh):
            holding = next(one.where for one in way.greedy if bits & one.where)
            yield Obstacle(Cause.GREEDY, step, self._condition(holding))
        elif bits & (way.never_take | way.never_pass):
            until = self._condition(bits & (way.never_take | way.never_pass))
            yield Obstacle(Cause.UNTIL, step, until)
        elif way.tail is None and not way.takes(bits):
            strict = way.gap is Contiguity.STRICT
            cause = Cause.CONTIGUITY if strict else Cause.CONDITION
            yield Obstacle(cause, step, self._condition(way.where))

    def _negation(self, bits: int) -> Obstacle:
        condition = self._condition(bits)
        return Obstacle(Cause.NEGATION, self._absent[condition], condition)

    def _condition(self, bits: int) -> Condition:
        return self._nfa.predicates[(bits & -bits).bit_length() - 1]
