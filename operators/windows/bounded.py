"""The state of one window in one key group, of whatever kind, within its limits."""

from typing import Any, NamedTuple

import polars as pl

from operators.windows.bounds import Bounds, events_in
from operators.windows.keyholders import FrameKeys, KeyHolder, frames_in
from operators.windows.kinds import make_state
from operators.windows.paned.state import PanedState
from operators.windows.part import Part
from operators.windows.plan import WindowPlan

_KEY_BYTES = 150
"""What a key costs in look-ups, about."""


class Lost(NamedTuple):
    """Rows that are in no result: of keys without room, and those that came too late."""

    refused: list[pl.DataFrame]
    late: list[pl.DataFrame]


class BoundedState:
    """Takes in what there is room for, and tells how much it holds.

    Attributes:
        state: the state of the window.
        corrections: events that came as corrections.
    """

    def __init__(self, plan: WindowPlan) -> None:
        self.state = make_state(plan)
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

    def advance(self, watermark_ns: int) -> Part | None:
        """Close what the watermark has passed, and drop keys that were idle for too long."""
        closed = self.state.advance(watermark_ns)
        self._bounds.advanced(watermark_ns, closed=closed is not None)
        return closed

    def measure(self) -> dict[str, int | None]:
        """How much it holds now, and what it did not take in since the flow's first start."""
        paned = self._paned
        if paned is not None:
            nbytes = paned.nbytes
        else:
            frames = frames_in(self.state.snapshot())
            nbytes = sum(int(frame.estimated_size()) for frame in frames)
        return {
            "keys": self._holder.keys,
            "panes": None if paned is None else paned.open_panes,
            "bytes": nbytes + _KEY_BYTES * self._holder.keys,
            "dropped": self.state.dropped,
            "corrections": self.corrections,
            "refused": self._bounds.refused,
            "evicted": self._bounds.evicted,
        }

    def snapshot(self) -> dict[str, Any]:
        """Everything a restart needs."""
        return {
            "state": self.state.snapshot(),
            "noted": None if self._paned else self._noted.snapshot(),
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
        if snapshot["noted"] is not None:
            self._noted.restore(snapshot["noted"])
        self._bounds.restored()
        self._bounds.refused = snapshot["refused"]
        self._bounds.evicted = snapshot["evicted"]
        self.corrections = snapshot["corrections"]
