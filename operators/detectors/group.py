"""All anomalies in one key group."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from operators.detectors.judge import Judge
from operators.detectors.plan import AnomalyPlan
from operators.keygroups.saved import check_version
from tidegauge.records import RecordBatch

STATE_VERSION = 1


class AnomalyGroup:
    """Lets each anomaly judge the record batches that it reads.

    Args:
        plans: the pipeline's anomalies.
        clock_ns: wall clock, for the processing time in the verdicts and nothing else.
        snapshot: where an earlier run stopped. Anomalies that it does not know begin anew.

    Raises:
        UserMistake: the snapshot does not fit.
    """

    def __init__(
        self,
        plans: Sequence[AnomalyPlan],
        clock_ns: Callable[[], int],
        snapshot: dict[str, Any] | None = None,
    ) -> None:
        known: dict[str, Any] = {}
        if snapshot is not None:
            check_version("anomalies", snapshot["version"], STATE_VERSION)
            known = snapshot["anomalies"]
        self._clock_ns = clock_ns
        self._judges = [(plan, Judge(plan, known.get(plan.name))) for plan in plans]

    def take(self, batches: Iterable[RecordBatch]) -> list[RecordBatch]:
        """Verdicts, a batch for each anomaly and batch that it could judge something of."""
        verdicts = []
        for batch in batches:
            for plan, judge in self._judges:
                if batch.signal == plan.reads:
                    frame = judge.judge(batch.frame, self._clock_ns())
                    if frame.height:
                        verdicts.append(RecordBatch(plan.name, frame))
        return verdicts

    def snapshot(self) -> dict[str, Any]:
        """Everything a restart needs."""
        anomalies = {plan.name: judge.snapshot() for plan, judge in self._judges}
        return {"version": STATE_VERSION, "anomalies": anomalies}
