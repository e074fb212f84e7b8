"""What every stateful step over key groups is, as Bytewax sees it."""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol, TypeVar

from bytewax.operators import StatefulBatchLogic

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
    """Logic of one key group, kept for ever."""

    def __init__(self, group: Group[V]) -> None:
        self._group = group

    def on_batch(self, values: list[V]) -> tuple[Iterable[RecordBatch], bool]:
        """Hand the values on."""
        return self._group.take(values), StatefulBatchLogic.RETAIN

    def snapshot(self) -> dict[str, Any] | None:
        """State of the group."""
        return self._group.snapshot()
