"""What conditions remember of a run, and conditions that are asked of it last."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from operators.cep.program import Accumulator, Row

Memo = tuple[Hashable, ...]
"""Running values of a run, in the order of its accumulators."""


class Memory:
    """What conditions need to know of a run, kept up from event to event.

    Args:
        accumulators: running values, in the order in which the memo holds them.

    Attributes:
        initial: the memo of a run that took nothing.
    """

    def __init__(self, accumulators: "Sequence[Accumulator]") -> None:
        self.initial: Memo = tuple(one.initial for one in accumulators)
        self._adders: dict[str, list[tuple[int, Any]]] = {}
        for number, one in enumerate(accumulators):
            self._adders.setdefault(one.step, []).append((number, one.add))

    def after(self, memo: Memo, step: str, row: "Row", gone: "Sequence[int]" = ()) -> Memo:
        """The memo of a run that takes an event for a step.

        Args:
            memo: that of the run before.
            step: the step.
            row: the event.
            gone: numbers of values that nobody will ask for any more.
        """
        adders = self._adders.get(step)
        if not adders and not gone:
            return memo
        changed = list(memo)
        for number, add in adders or ():
            changed[number] = add(changed[number], row)
        for number in gone:
            changed[number] = self.initial[number]
        return tuple(changed)


@dataclass(frozen=True, slots=True)
class Late:
    """A condition of a last step that looks at what the run took before.

    It decides which runs are matches, and nothing else. So it is asked only of the runs that a
    match is looked for among, and the others stay together whatever it would say of them.

    Attributes:
        bit: its predicate.
        guard: bits that an event must have for it to hold.
        memory: what it needs to know; the same for all of a pattern.
        test: whether it holds for an event and the memo of a run.
    """

    bit: int
    guard: int
    memory: Memory
    test: "Callable[[Row, Memo], bool]"
