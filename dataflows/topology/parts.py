"""Parts of sources and sinks as the engine gets them: to close one never fails.

The engine closes parts while it lets go of what it holds, also after a step has raised an error.
What is raised then cannot be handed on: the process is aborted, and nobody is told of the first
error. So nothing may depend on `close`: what a sink was given is stored when `snapshot` returns,
which the engine calls at the end of every flow, too.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

import structlog
from bytewax.inputs import FixedPartitionedSource, Source, StatefulSourcePartition
from bytewax.outputs import FixedPartitionedSink, Sink, StatefulSinkPartition

from tidegauge.errors import TidegaugeError

X = TypeVar("X")
_LOG = structlog.get_logger("tidegauge")


class Failure:
    """The first error of ours that a part of this process has raised.

    It is told at once: before the engine has let go of everything, and though it may not get that
    far.

    Attributes:
        error: the error; None as long as there is none.
    """

    def __init__(self) -> None:
        self.error: TidegaugeError | None = None
        self._tell: Callable[[TidegaugeError], None] = lambda _: None

    def listen(self, tell: Callable[[TidegaugeError], None]) -> None:
        """Say who is told."""
        self._tell = tell

    def note(self, error: TidegaugeError) -> None:
        """Take an error that a part raises."""
        if self.error is None:
            self.error = error
            self._tell(error)


failure = Failure()
"""That of this process."""


def safe_source(source: Source[X]) -> Source[X]:
    """A source whose partitions never fail to close."""
    return _Source(source) if isinstance(source, FixedPartitionedSource) else source


def safe_sink(sink: Sink[Any]) -> Sink[Any]:
    """A sink whose parts never fail to close."""
    return _Sink(sink) if isinstance(sink, FixedPartitionedSink) else sink


class _Source(FixedPartitionedSource[X, Any]):
    def __init__(self, source: FixedPartitionedSource[X, Any]) -> None:
        self._source = source

    def list_parts(self) -> list[str]:
        return self._source.list_parts()

    def build_part(self, step_id: str, for_part: str, resume_state: Any) -> "_SourcePart[X]":
        return _SourcePart(_noted(self._source.build_part, step_id, for_part, resume_state))


class _SourcePart(StatefulSourcePartition[X, Any]):
    def __init__(self, part: StatefulSourcePartition[X, Any]) -> None:
        self._part = part

    def next_batch(self) -> Any:
        return _noted(self._part.next_batch)

    def next_awake(self) -> datetime | None:
        return self._part.next_awake()

    def snapshot(self) -> Any:
        return _noted(self._part.snapshot)

    def close(self) -> None:
        _close(self._part.close)


class _Sink(FixedPartitionedSink[X, Any]):
    def __init__(self, sink: FixedPartitionedSink[X, Any]) -> None:
        self._sink = sink

    def list_parts(self) -> list[str]:
        return self._sink.list_parts()

    def part_fn(self, item_key: str) -> int:
        return self._sink.part_fn(item_key)

    def build_part(self, step_id: str, for_part: str, resume_state: Any) -> "_SinkPart[X]":
        return _SinkPart(_noted(self._sink.build_part, step_id, for_part, resume_state))


class _SinkPart(StatefulSinkPartition[X, Any]):
    def __init__(self, part: StatefulSinkPartition[X, Any]) -> None:
        self._part = part

    def write_batch(self, values: list[X]) -> None:
        _noted(self._part.write_batch, values)

    def snapshot(self) -> Any:
        return _noted(self._part.snapshot)

    def close(self) -> None:
        _close(self._part.close)


def _noted(call: Callable[..., Any], *args: Any) -> Any:
    try:
        return call(*args)
    except TidegaugeError as error:
        failure.note(error)
        raise


def _close(close: Callable[[], None]) -> None:
    try:
        close()
    except TidegaugeError:
        pass  # a server that is away: nothing depends on it
    except Exception as error:  # noqa: BLE001 - whatever it is, it would abort the process
        _LOG.warning("a part was not closed", reason=repr(error))
