"""A sink that counts what it is given and throws it away."""

from collections.abc import Callable
from typing import Any

from bytewax.outputs import DynamicSink, StatelessSinkPartition


class Count(DynamicSink[Any]):
    """Counts what it is given and throws it away."""

    def __init__(self, count: Callable[[list[Any]], None]) -> None:
        self._count = count

    def build(self, step_id: str, worker_index: int, worker_count: int) -> "_Part":
        """A part for a worker."""
        return _Part(self._count)


class _Part(StatelessSinkPartition[Any]):
    def __init__(self, count: Callable[[list[Any]], None]) -> None:
        self._count = count

    def write_batch(self, items: list[Any]) -> None:
        self._count(items)
