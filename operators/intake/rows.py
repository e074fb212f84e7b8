"""Rows of Python, from any stream, as messages of a partition."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from tidegauge.batch import EventBatch, PartitionState, RawBatch
from tidegauge.errors import UserMistake
from tidegauge.intake import Intake
from tidegauge.spec.models import Source

Row = Mapping[str, Any]
MakeIntake = Callable[[int, Any], Intake]
"""Makes the intake of a partition from its number and saved state."""

_encode = msgspec.json.Encoder().encode


def _encoded(row: Row) -> bytes:
    """The row as JSON, or as a text that is none where there is no such JSON."""
    try:
        return _encode(row)
    except (TypeError, ValueError, OverflowError) as error:
        return f"no JSON: {error}: {row!r}".encode(errors="backslashreplace")


def declare_rows(name: str, **declared: Any) -> Source:
    """A source of rows, declared as in a pipeline file but for `kafka`.

    Args:
        name: name of the stream, for messages and dead letters.
        declared: `fields`, `event_time`, and perhaps `filter`, `derive` and `process`.

    Raises:
        UserMistake: the declaration is wrong; a line for each mistake.
    """
    try:
        return Source.model_validate({"kafka": {"topic": name}, **declared})
    except ValueError as error:
        raise UserMistake(f"rows {name!r}: {error}") from None


class RowIntake:
    """Takes the rows of one partition in their order.

    A row becomes a message, so that it is judged like one: wrong types are refused with their
    reason, and a refused row keeps its content.

    Args:
        intake: of the partition.
        offset: how many rows earlier runs took.
    """

    def __init__(self, intake: Intake, offset: int) -> None:
        self._intake = intake
        self._offset = offset

    def take(self, rows: Sequence[Row], now_ms: int) -> EventBatch:
        """Judge and shape rows.

        Args:
            rows: rows in their order; a datetime is ISO 8601. One that holds what JSON cannot
                becomes a dead letter with its `repr`.
            now_ms: when they came, milliseconds since the epoch.
        """
        offsets = range(self._offset, self._offset + len(rows))
        payloads: list[bytes | None] = [_encoded(row) for row in rows]
        batch = self._intake.take(RawBatch(payloads, offsets, [now_ms] * len(rows)))
        self._offset = offsets.stop
        return batch

    def quiet(self, state: PartitionState) -> EventBatch:
        """A batch without events that tells of the partition's new state."""
        return self._intake.quiet(state)

    @property
    def state(self) -> tuple[int, Any]:
        """Everything a restart needs."""
        return self._offset, self._intake.state
