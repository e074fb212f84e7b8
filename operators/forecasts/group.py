"""All forecasts in one key group."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from operators.forecasts.forecaster import Forecaster
from operators.forecasts.plan import ForecastPlan
from operators.keygroups.saved import check_version
from tidegauge.records import RecordBatch, Tick, passed_on

STATE_VERSION = 2


class ForecastGroup:
    """Lets each forecast follow the records of its window.

    Args:
        plans: the pipeline's forecasts.
        clock_ns: wall clock, for the processing time in the records and nothing else.
        snapshot: where an earlier run stopped. Forecasts that it does not know begin anew.

    Raises:
        UserMistake: the snapshot does not fit.
    """

    def __init__(
        self,
        plans: Sequence[ForecastPlan],
        clock_ns: Callable[[], int],
        snapshot: dict[str, Any] | None = None,
    ) -> None:
        known: dict[str, Any] = {}
        if snapshot is not None:
            # Version 1 did not look for changes, and is otherwise the same.
            if snapshot["version"] != 1:
                check_version("forecasts", snapshot["version"], STATE_VERSION)
            known = snapshot["forecasts"]
        self._clock_ns = clock_ns
        self._leads: dict[str, list[str]] = {}
        for plan in plans:
            self._leads.setdefault(plan.window, []).extend(lead.name for lead in plan.leads)
        self._made = [(plan, Forecaster(plan, known.get(plan.name))) for plan in plans]

    def take(self, items: Iterable[RecordBatch | Tick]) -> list[Any]:
        """Records of the forecasts that are due, and what alerts look at; ticks about these."""
        records: list[Any] = []
        for batch in items:
            if isinstance(batch, Tick):
                tick = passed_on(batch, self._leads)
                records += [tick] if tick is not None else []
                continue
            for plan, forecaster in self._made:
                if batch.signal == plan.window:
                    records += forecaster.take(batch.frame, self._clock_ns())
        return records

    def snapshot(self) -> dict[str, Any]:
        """Everything a restart needs."""
        forecasts = {plan.name: forecaster.snapshot() for plan, forecaster in self._made}
        return {"version": STATE_VERSION, "forecasts": forecasts}
