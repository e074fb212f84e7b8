"""A source in memory that aborts the flow once."""

from collections.abc import Callable, Sequence
from typing import Any

from bytewax.inputs import AbortExecution

from connectors.memory.source import Held, MemorySource
from tidegauge.batch import EventBatch
from tidegauge.intake import Intake


class CrashingSource(MemorySource):
    """Aborts the flow before its n-th batch, counted over all partitions; -1 for never."""

    def __init__(
        self,
        partitions: Sequence[Sequence[Held]],
        make_intake: Callable[[int, Any], Intake],
        batch_size: int,
        at: int = -1,
    ) -> None:
        super().__init__(partitions, make_intake, batch_size)
        self._left = at

    def build_part(self, step_id: str, for_part: str, resume_state: Any) -> Any:
        part = super().build_part(step_id, for_part, resume_state)
        next_batch = part.next_batch

        def crashing() -> list[EventBatch]:
            self._left -= 1
            if self._left == 0:
                raise AbortExecution
            return next_batch()

        part.next_batch = crashing  # type: ignore[method-assign]  # that is the point
        return part
