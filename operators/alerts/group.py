"""All alerts in one key group."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from operators.alerts.plan import AlertPlan
from operators.alerts.records import alert_records, ended_records
from operators.alerts.summary import Summary
from operators.alerts.watch import Watch
from operators.keygroups.saved import check_version
from tidegauge.catalogue import ALERTS
from tidegauge.records import RecordBatch, Tick, rest_of

STATE_VERSION = 2
_BEFORE = 1
"""Had no time of the last evaluation, and is otherwise the same."""


class AlertGroup:
    """Evaluates each alert on the record batches that it reads.

    Args:
        plans: the pipeline's alerts.
        clock_ns: wall clock, for the processing time in the records and nothing else.
        snapshot: where an earlier run stopped. Alerts that it does not know begin anew.

    Raises:
        UserMistake: the snapshot does not fit.
    """

    def __init__(
        self,
        plans: Sequence[AlertPlan],
        clock_ns: Callable[[], int],
        snapshot: dict[str, Any] | None = None,
    ) -> None:
        known: dict[str, Any] = {}
        if snapshot is not None:
            if snapshot["version"] != _BEFORE:
                check_version("alerts", snapshot["version"], STATE_VERSION)
            known = snapshot["alerts"]
        self._clock_ns = clock_ns
        self._watches = [(plan, Watch(plan, known.get(plan.name)), Summary(plan)) for plan in plans]

    def take(self, items: Iterable[RecordBatch | Tick]) -> list[RecordBatch]:
        """Records of what changed and of what is firing, a batch for each alert and item heard."""
        return [made for item in items for made in self._take(item)]

    def _take(self, item: RecordBatch | Tick) -> Iterable[RecordBatch]:
        for plan, watch, summary in self._watches:
            changes = None
            if isinstance(item, Tick):
                if plan.reads in item.signals:
                    watch.passed(item.passed_ns)
                if rest_of(plan.reads) in item.signals:
                    watch.passed(item.passed_ns, rest=True)
            elif item.signal == plan.reads:
                changes = watch.evaluate(item.frame)
            if ended := watch.ended():
                frame = ended_records(ended, plan, summary, self._clock_ns())
                yield RecordBatch(ALERTS, frame)
            if changes is not None:
                frame = alert_records(changes, plan, summary, self._clock_ns())
                yield RecordBatch(ALERTS, frame)

    def snapshot(self) -> dict[str, Any]:
        """Everything a restart needs."""
        alerts = {plan.name: watch.snapshot() for plan, watch, _ in self._watches}
        return {"version": STATE_VERSION, "alerts": alerts}
