"""What decides whether a step takes an event."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

Event = Mapping[str, Any]
"""An event as a condition sees it: the columns by name; None for what is missing."""


class Taken(Protocol):
    """What a run has taken so far."""

    def events(self, step: str) -> list[Event]:
        """Events taken for a step, oldest first."""
        ...


@dataclass(frozen=True, slots=True)
class Always:
    """Holds for every event."""


@dataclass(frozen=True, slots=True)
class Sql:
    """An SQL condition over the event's columns and aggregates of what the run took before.

    `amount > 2 * LAST(small.amount)`. What is not known (null) does not hold.
    """

    text: str


@dataclass(frozen=True, slots=True)
class EventTest:
    """A Python function of the event alone; called once for each event."""

    test: Callable[[Event], bool]


@dataclass(frozen=True, slots=True)
class RunTest:
    """A Python function of the event and of what the run took before.

    `needs` is a test of the event alone that must hold for `test` to hold; it keeps events away
    that can move nothing.
    """

    test: Callable[[Event, Taken], bool]
    needs: Callable[[Event], bool] | None = None


Condition = Always | Sql | EventTest | RunTest
ALWAYS = Always()
