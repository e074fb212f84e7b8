"""What every stateful step over key groups is, as Bytewax sees it."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol, TypeVar

import bytewax.operators as op
from bytewax.operators import KeyedStream, StatefulBatchLogic

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


def by_group(
    step_id: str,
    up: KeyedStream[V],
    make: Callable[[dict[str, Any] | None], Group[V]],
    parts: Parts,
) -> KeyedStream[RecordBatch]:
    """A step with a state for each key group, and nothing else about it.

    Args:
        step_id: name of the step.
        up: what the groups take, by key group.
        make: makes a group, from the snapshot where an earlier run stopped.
        parts: what the snapshots are made of.

    Returns:
        record batches by key group.
    """

    def build(saved: dict[str, Any] | None) -> GroupLogic[V]:
        return GroupLogic(make(parts.restored(saved)), parts)

    return op.stateful_batch(step_id, up, build)
