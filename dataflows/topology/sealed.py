"""Every step of a flow saves bytes that carry data only, whatever its state is.

The engine pickles what a step saves and unpickles it at a start. Here that is always bytes of
`tidegauge.savedstate`, and so a start can refuse all else before the engine opens its files.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

from bytewax import operators
from bytewax.dataflow import Dataflow
from bytewax.inputs import FixedPartitionedSource, Source, StatefulSourcePartition
from bytewax.operators import StatefulBatchLogic
from bytewax.outputs import FixedPartitionedSink, Sink, StatefulSinkPartition

from dataflows.topology.parts import failure
from tidegauge.errors import Reject, UserMistake
from tidegauge.savedstate import dumps, loads

_STATEFUL = {"input": "source", "output": "sink", "stateful_batch": "builder"}
"""The engine's own steps that can have state, and what of each makes it."""
_UNFIT = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What a step raises at state that is none of its own."""


def seal(graph: Dataflow) -> Dataflow:
    """Let all sources, stateful steps and sinks of a flow save such bytes; the same flow."""
    for step in _steps(graph):
        kind = type(step)
        name = _STATEFUL.get(kind.__name__)
        if name is not None and kind.__module__ == operators.__name__:
            # The engine's steps are frozen, and it has no other place to say so.
            object.__setattr__(step, name, _sealing(step.step_id, getattr(step, name)))
    return graph


def _steps(of: Any) -> Iterator[Any]:
    for step in of.substeps:
        yield step
        yield from _steps(step)


def _sealing(step: str, makes: Any) -> Any:
    """What takes the place of what makes the stateful parts of a step."""
    match makes:
        case FixedPartitionedSource():
            return _Source(makes)
        case FixedPartitionedSink():
            return _Sink(makes)
        case Source() | Sink():
            return makes
    return _builder(step, makes)


def _opened(step: str, what: str, saved: Any, make: Callable[[Any], Any]) -> Any:
    """What a step makes of the state that was saved of it.

    Raises:
        UserMistake: it is none.
    """
    if saved is None:
        return make(None)
    try:
        if not isinstance(saved, bytes):
            raise Reject(f"is {type(saved).__name__} and no bytes")
        state = loads(saved)
    except Reject as reject:
        raise _noted(step, what, reject.reason) from None
    try:
        return make(state)
    except _UNFIT as error:
        reason = f"{type(error).__name__}: {error}"
        raise _noted(step, what, f"does not fit ({' '.join(reason.split())})") from error


def _noted(step: str, what: str, reason: str) -> UserMistake:
    about = f"{step}, {what}" if what else step
    mistake = UserMistake(
        f"saved state: {about}: {reason}; put back a copy of the whole recovery directory, or"
        " start with an empty one"
    )
    failure.note(mistake)
    return mistake


def _sealed(state: Any) -> bytes | None:
    return None if state is None else dumps(state)


class _Source(FixedPartitionedSource[Any, Any]):
    def __init__(self, source: FixedPartitionedSource[Any, Any]) -> None:
        self._source = source

    def list_parts(self) -> list[str]:
        return self._source.list_parts()

    def build_part(self, step_id: str, for_part: str, resume_state: Any) -> "_SourcePart":
        def make(state: Any) -> StatefulSourcePartition[Any, Any]:
            return self._source.build_part(step_id, for_part, state)

        return _SourcePart(_opened(step_id, for_part, resume_state, make))


class _SourcePart(StatefulSourcePartition[Any, Any]):
    def __init__(self, part: StatefulSourcePartition[Any, Any]) -> None:
        self._part = part

    def next_batch(self) -> Iterable[Any]:
        return self._part.next_batch()

    def next_awake(self) -> datetime | None:
        return self._part.next_awake()

    def close(self) -> None:
        self._part.close()

    def snapshot(self) -> bytes | None:
        return _sealed(self._part.snapshot())


class _Sink(FixedPartitionedSink[Any, Any]):
    def __init__(self, sink: FixedPartitionedSink[Any, Any]) -> None:
        self._sink = sink

    def part_fn(self, item_key: str) -> int:
        return self._sink.part_fn(item_key)

    def list_parts(self) -> list[str]:
        return self._sink.list_parts()

    def build_part(self, step_id: str, for_part: str, resume_state: Any) -> "_SinkPart":
        def make(state: Any) -> StatefulSinkPartition[Any, Any]:
            return self._sink.build_part(step_id, for_part, state)

        return _SinkPart(_opened(step_id, for_part, resume_state, make))


class _SinkPart(StatefulSinkPartition[Any, Any]):
    def __init__(self, part: StatefulSinkPartition[Any, Any]) -> None:
        self._part = part

    def write_batch(self, values: list[Any]) -> None:
        self._part.write_batch(values)

    def snapshot(self) -> bytes | None:
        return _sealed(self._part.snapshot())

    def close(self) -> None:
        self._part.close()


def _builder(
    step: str, build: Callable[[Any], StatefulBatchLogic[Any, Any, Any]]
) -> Callable[[Any], StatefulBatchLogic[Any, Any, Any]]:
    def made(saved: Any) -> "_Logic":
        return _Logic(_opened(step, "", saved, build))

    return made


class _Logic(StatefulBatchLogic[Any, Any, Any]):
    def __init__(self, logic: StatefulBatchLogic[Any, Any, Any]) -> None:
        self._logic = logic

    def on_batch(self, values: list[Any]) -> tuple[Iterable[Any], bool]:
        return self._logic.on_batch(values)

    def on_notify(self) -> tuple[Iterable[Any], bool]:
        return self._logic.on_notify()

    def on_eof(self) -> tuple[Iterable[Any], bool]:
        return self._logic.on_eof()

    def notify_at(self) -> datetime | None:
        return self._logic.notify_at()

    def snapshot(self) -> bytes | None:
        return _sealed(self._logic.snapshot())
