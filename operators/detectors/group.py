"""All anomalies in one key group."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import astuple
from typing import Any

from operators.detectors.judge import Judge
from operators.detectors.labelled import SeriesLabels
from operators.detectors.plan import AnomalyPlan
from operators.keygroups.saved import check_version
from tidegauge.batch import END_OF_TIME
from tidegauge.labels import Label
from tidegauge.records import RecordBatch, Tick, passed_on

STATE_VERSION = 2

Heard = RecordBatch | Tick | Label
"""What a group hears: what is judged, how far event time has come, and what people say."""


class AnomalyGroup:
    """Lets each anomaly judge the record batches that it reads.

    Args:
        plans: the pipeline's anomalies.
        clock_ns: wall clock, for the processing time in the verdicts and nothing else.
        snapshot: where an earlier run stopped. Anomalies that it does not know begin anew.
        labels: those that were known at the start.
        ticks: anomalies about which ticks are handed on.

    Raises:
        UserMistake: the snapshot does not fit.
    """

    def __init__(
        self,
        plans: Sequence[AnomalyPlan],
        clock_ns: Callable[[], int],
        snapshot: dict[str, Any] | None = None,
        labels: Iterable[Label] = (),
        ticks: Collection[str] = (),
    ) -> None:
        known: dict[str, Any] = {}
        heard = list(labels)
        if snapshot is not None:
            # Version 1 had no labels and no sensitivity, and is otherwise the same.
            if snapshot["version"] != 1:
                check_version("anomalies", snapshot["version"], STATE_VERSION)
            known = snapshot["anomalies"]
            heard += [Label(*saved) for saved in snapshot.get("labels", ())]
        self._clock_ns = clock_ns
        self._judges = [
            (plan, Judge(plan, known.get(plan.name), _labels_of(plan, heard))) for plan in plans
        ]
        self._ticked: dict[str, list[str]] = {}
        for plan in plans:
            if plan.name in ticks:
                self._ticked.setdefault(plan.reads, []).append(plan.name)

    def take(self, items: Iterable[Heard]) -> list[Any]:
        """Verdicts, a batch for each anomaly and batch that it could judge something of.

        Ticks are handed on as such about anomalies.
        """
        return [made for item in items for made in (*self._take(item), *self._ticks(item))]

    def snapshot(self) -> dict[str, Any]:
        """Everything a restart needs."""
        anomalies = {plan.name: judge.snapshot() for plan, judge in self._judges}
        labels = [astuple(label) for _, judge in self._judges for label in judge.labels]
        return {"version": STATE_VERSION, "anomalies": anomalies, "labels": labels}

    def _ticks(self, item: Heard) -> list[Tick]:
        tick = passed_on(item, self._ticked) if isinstance(item, Tick) else None
        return [tick] if tick is not None else []

    def _take(self, item: Heard) -> Iterable[RecordBatch]:
        match item:
            case RecordBatch(signal, frame):
                for plan, judge in self._judges:
                    if signal == plan.reads:
                        verdicts = judge.judge(frame, self._clock_ns())
                        if verdicts.height:
                            yield RecordBatch(plan.name, verdicts)
            case Tick(signals, _, passed_ns):
                # At the end of a bounded run nobody knows what would have come.
                if passed_ns != END_OF_TIME:
                    yield from self._silent(signals, passed_ns)
            case Label():
                for plan, judge in self._judges:
                    if plan.name == item.anomaly:
                        judge.label(item)

    def _silent(self, signals: frozenset[str], passed_ns: int) -> Iterable[RecordBatch]:
        for plan, judge in self._judges:
            if plan.hears_silence and plan.origin in signals:
                silent = judge.silent(passed_ns, self._clock_ns())
                if silent is not None:
                    yield RecordBatch(plan.name, silent)


def _labels_of(plan: AnomalyPlan, labels: Iterable[Label]) -> SeriesLabels:
    return SeriesLabels(label for label in labels if label.anomaly == plan.name)
