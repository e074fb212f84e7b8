"""What each kind of window is made of: how events are pre-aggregated, and what keeps the state."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, Protocol

import polars as pl

from operators.windows.counted.preaggregate import preaggregate as preaggregate_counted
from operators.windows.counted.state import CountedState
from operators.windows.cumulative.preaggregate import preaggregate as preaggregate_cumulative
from operators.windows.cumulative.state import CumulativeState
from operators.windows.paned.preaggregate import preaggregate as preaggregate_panes
from operators.windows.paned.state import PanedState
from operators.windows.part import Part
from operators.windows.plan import WindowPlan
from operators.windows.sessions.pieces import preaggregate as preaggregate_sessions
from operators.windows.sessions.state import SessionState
from operators.windows.shapes import Counted, Cumulative, Paned, Session, Shape


class WindowState(Protocol):
    """One window in one key group.

    Attributes:
        dropped: events that came after the last result of every window they are in.
    """

    dropped: int

    @property
    def empty(self) -> bool:
        """Whether it holds no event."""

    def add(self, on_time: Part | None, corrections: Part | None) -> list[pl.DataFrame]:
        """Merge what a batch brought in.

        Returns:
            rows that are in no result to come, although their source called them in time.
        """

    def advance(self, watermark_ns: int) -> Iterator[Part]:
        """Close what the watermark has passed.

        Yields:
            rows of key columns, `CLOSED` and accumulators (of sessions `STATE` too), by the
            windows' ends, first results first, and tables with the same keys and `CLOSED`: in
            several parts where they are many, all of one end in one. What is not taken is not
            closed.
        """

    def snapshot(self) -> dict[str, Any]:
        """Everything a restart needs; nothing in it may change afterwards."""

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Take over what `snapshot` returned.

        Raises:
            UserMistake: it is of a window that was declared otherwise.
        """


def preaggregate(plan: WindowPlan, events: pl.DataFrame) -> Part:
    """Events of a batch to fewer rows, before they leave the worker that read them.

    `events` have the columns of an `EventBatch`; those of several partitions have `PARTITION` too.
    """
    return _KINDS[type(plan.shape)].preaggregate(plan, events)


def make_state(plan: WindowPlan) -> WindowState:
    """Empty state of a window."""
    return _KINDS[type(plan.shape)].state(plan)


class _Kind(NamedTuple):
    """What a kind of window is made of."""

    preaggregate: Callable[[WindowPlan, pl.DataFrame], Part]
    state: Callable[[WindowPlan], WindowState]


_KINDS: Mapping[type[Shape], _Kind] = {
    Paned: _Kind(preaggregate_panes, PanedState),
    Session: _Kind(preaggregate_sessions, SessionState),
    Counted: _Kind(preaggregate_counted, CountedState),
    Cumulative: _Kind(preaggregate_cumulative, CumulativeState),
}
