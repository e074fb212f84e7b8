"""A source whose partitions do their input and output when they are first read, not when built.

The engine counts a partition's epochs from when it is built, builds one after the other, and at an
epoch's end lets each wait until all have ended theirs: what takes long while building is waited for
again in every epoch. Half a second of it made records 600 ms late every ten seconds.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition

X = TypeVar("X")
S = TypeVar("S")


class DeferredSource(FixedPartitionedSource[X, S]):
    """The partitions of a source, each built when it is read for the second time.

    At the first time the engine may not have begun the epochs of all sources yet.

    Args:
        source: the source; what its `build_part` raises, the first batch raises.
    """

    def __init__(self, source: FixedPartitionedSource[X, S]) -> None:
        self._source = source

    def list_parts(self) -> list[str]:
        """Those of the source."""
        return self._source.list_parts()

    def build_part(self, step_id: str, for_part: str, resume_state: S | None) -> "_Deferred[X, S]":
        """A partition that is yet to be built."""
        return _Deferred(lambda: self._source.build_part(step_id, for_part, resume_state))


class _Deferred(StatefulSourcePartition[X, S]):
    def __init__(self, build: Callable[[], StatefulSourcePartition[X, S]]) -> None:
        self._build = build
        self._part: StatefulSourcePartition[X, S] | None = None
        self._asked = False

    def next_batch(self) -> Any:
        if not self._asked:
            self._asked = True
            return []
        return self._built().next_batch()

    def next_awake(self) -> datetime | None:
        return self._part.next_awake() if self._part else None

    def snapshot(self) -> S:
        return self._built().snapshot()

    def close(self) -> None:
        if self._part:
            self._part.close()

    def _built(self) -> StatefulSourcePartition[X, S]:
        if self._part is None:
            self._part = self._build()
        return self._part
