"""All alerts in one key group."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from operators.alerts.plan import AlertPlan
from operators.alerts.records import alert_records, ended_records
from operators.alerts.said import Said
from operators.alerts.summary import Summary
from operators.alerts.watch import Watch
from operators.keygroups.saved import check_version
from tidegauge.catalogue import ALERTS
from tidegauge.records import RecordBatch, Tick, rest_of

STATE_VERSION = 3
_BEFORE = (1, 2)
"""The first had no time of the last evaluation, neither what was said last of events."""


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
        said: dict[str, Any] = {}
        if snapshot is not None:
            if snapshot["version"] not in _BEFORE:
                check_version("alerts", snapshot["version"], STATE_VERSION)
            known = snapshot["alerts"]
            said = snapshot.get("said", {})
        self._clock_ns = clock_ns
        self._watches = [
            (
                plan,
                Watch(plan, known.get(plan.name)),
                Summary(plan),
                Said(plan, said.get(plan.name)),
            )
            for plan in plans
        ]

    def take(self, items: Iterable[RecordBatch | Tick]) -> list[RecordBatch]:
        """Records of what changed and of what is firing, a batch for each alert and item heard."""
        return [made for item in items for made in self._take(item)]

    def _take(self, item: RecordBatch | Tick) -> Iterable[RecordBatch]:
        for plan, watch, summary, said in self._watches:
            changes = None
            if isinstance(item, Tick):
                if plan.reads in item.signals:
                    watch.passed(item.passed_ns)
                if rest_of(plan.reads) in item.signals:
                    watch.passed(item.passed_ns, rest=True)
            elif item.signal == plan.reads:
                changes = watch.evaluate(item.frame)
            frames = []
            if changes is not None:
                frames.append(alert_records(changes, plan, summary, said, self._clock_ns()))
            if ended := watch.ended():
                # What is gone may have begun among the changes, but what began anew ended first.
                frames.insert(0, ended_records(ended, plan, summary, said, self._clock_ns()))
            yield from (RecordBatch(ALERTS, frame) for frame in frames)

    def snapshot(self) -> dict[str, Any]:
        """Everything a restart needs."""
        alerts = {plan.name: watch.snapshot() for plan, watch, *_ in self._watches}
        said = {plan.name: said.snapshot() for plan, *_, said in self._watches if plan.ordering}
        return {"version": STATE_VERSION, "alerts": alerts, "said": said}
