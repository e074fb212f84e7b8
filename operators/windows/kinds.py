"""What each kind of window is made of: how events are pre-aggregated, and what keeps the state."""

from typing import Any, Protocol

import polars as pl

from operators.windows.paned.preaggregate import preaggregate as preaggregate_panes
from operators.windows.paned.state import PanedState
from operators.windows.part import Part
from operators.windows.plan import WindowPlan


class WindowState(Protocol):
    """One window in one key group.

    Attributes:
        dropped: events that came after the last result of every window they are in.
    """

    dropped: int

    @property
    def empty(self) -> bool:
        """Whether it holds no event."""

    def add(self, on_time: Part | None, corrections: Part | None) -> None:
        """Merge what a batch brought in."""

    def advance(self, watermark_ns: int) -> Part | None:
        """Close what the watermark has passed.

        Returns:
            rows of key columns, `CLOSED` and accumulators, by the windows' ends, first results
            first, and tables with the same keys and `CLOSED`; None when nothing closed.
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
    return preaggregate_panes(plan, events)


def make_state(plan: WindowPlan) -> WindowState:
    """Empty state of a window."""
    return PanedState(plan)
