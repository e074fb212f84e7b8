"""What every stateful step over key groups is, as Bytewax sees it."""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol, TypeVar

from bytewax.operators import StatefulBatchLogic

from operators.keygroups.begun import Parts
from tidegauge.records import RecordBatch

V = TypeVar("V")
V_contra = TypeVar("V_contra", contravariant=True)


class Group(Protocol[V_contra]):
    """The state of one key group and what it makes of what comes in."""

    def take(self, values: Sequence[V_contra], /) -> Iterable[RecordBatch]:
        """Records that follow from what came in one activation."""

    def snapshot(self) -> dict[str, Any] | None:
        """Everything a restart needs; nothing in it may change afterwards."""


class GroupLogic(StatefulBatchLogic[V, RecordBatch, dict[str, Any] | None]):
    """Logic of one key group, kept for ever.

    Args:
        group: the key group.
        parts: what its snapshots are made of, where a part of them can begin anew.
    """

    def __init__(self, group: Group[V], parts: Parts | None = None) -> None:
        self._group = group
        self._parts = parts

    def on_batch(self, values: list[V]) -> tuple[Iterable[RecordBatch], bool]:
        """Hand the values on."""
        return self._group.take(values), StatefulBatchLogic.RETAIN

    def snapshot(self) -> dict[str, Any] | None:
        """State of the group."""
        snapshot = self._group.snapshot()
        return snapshot if self._parts is None else self._parts.saved(snapshot)
