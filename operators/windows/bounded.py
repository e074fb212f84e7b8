"""The state of one window in one key group, of whatever kind, within its limits."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import polars as pl

from operators.windows.bounds import Bounds, events_in
from operators.windows.cumulative.state import CumulativeState
from operators.windows.keyholders import FrameKeys, KeyHolder, frames_in
from operators.windows.kinds import make_state
from operators.windows.paned.state import PanedState
from operators.windows.part import Part, gathered
from operators.windows.plan import WindowPlan

_KEY_BYTES = 150
"""What a key costs in look-ups, about."""


class Lost(NamedTuple):
    """Rows that are in no result: of keys without room, and those that came too late."""

    refused: list[pl.DataFrame]
    late: list[pl.DataFrame]


class BoundedState:
    """Takes in what there is room for, and tells how much it holds.

    Args:
        plan: the window.
        most: how many series of a result are given, where the rest is put together.

    Attributes:
        state: the state of the window.
        corrections: events that came as corrections.
    """

    def __init__(self, plan: WindowPlan, most: int | None = None) -> None:
        self.state = make_state(plan)
        if isinstance(self.state, CumulativeState):
            self.state.most = most
        self._noted = FrameKeys(plan, self.state.snapshot, self.state.restore)
        self._paned = self.state if isinstance(self.state, PanedState) else None
        self._holder: KeyHolder = self._paned or self._noted
        self._bounds = Bounds(list(plan.by), plan.limits, self._holder)
        self.corrections = 0

    @property
    def empty(self) -> bool:
        """Whether it holds no event."""
        return self.state.empty

    @property
    def dropped(self) -> int:
        """Events that came after the last result of every window they are in."""
        return self.state.dropped

    def add(self, on_time: Part | None, corrections: Part | None) -> Lost:
        """Take in what a batch brought.

        Returns:
            what of it was not taken in.
        """
        if corrections is not None:
            self.corrections += events_in(corrections.rows)
        admitted = self._bounds.admit(on_time, corrections)
        late = self.state.add(admitted.on_time, admitted.corrections)
        return Lost(admitted.refused, late)

    def advance(self, watermark_ns: int) -> Iterator[Part]:
        """Close what the watermark has passed, and drop keys that were idle for too long."""
        closed = False
        for part in gathered(self.state.advance(watermark_ns)):
            closed = True
            yield part
        self._bounds.advanced(watermark_ns, closed=closed)
        if closed and self._holder is self._noted:
            self._noted.trim()

    def measure(self) -> dict[str, int | None]:
        """How much it holds now, and what it did not take in since the flow's first start."""
        paned = self._paned
        if paned is not None:
            nbytes = paned.nbytes
        else:
            frames = frames_in(self.state.snapshot())
            nbytes = sum(int(frame.estimated_size()) for frame in frames)
        keys = self._holder.held()
        return {
            "keys": keys,
            "panes": None if paned is None else paned.open_panes,
            "bytes": nbytes + _KEY_BYTES * keys,
            "dropped": self.state.dropped,
            "corrections": self.corrections,
            "refused": self._bounds.refused,
            "evicted": self._bounds.evicted,
        }

    def snapshot(self) -> dict[str, Any]:
        """Everything a restart needs."""
        return {
            "state": self.state.snapshot(),
            "refused": self._bounds.refused,
            "evicted": self._bounds.evicted,
            "corrections": self.corrections,
        }

    def restore(self, snapshot: dict[str, Any]) -> None:
        """Take over what `snapshot` returned.

        Raises:
            UserMistake: it is of a window that was declared otherwise.
        """
        self.state.restore(snapshot["state"])
        if self._paned is None:
            self._noted.refresh()
        self._bounds.restored()
        self._bounds.refused = snapshot["refused"]
        self._bounds.evicted = snapshot["evicted"]
        self.corrections = snapshot["corrections"]
