"""From the records of a window, or from events, to verdicts."""

from typing import Any

import numpy as np
import polars as pl

from operators.detectors.contract import Floats, Slots, Times
from operators.detectors.flat_line import FlatLine, Silences
from operators.detectors.groups import GroupNumbers
from operators.detectors.labelled import SeriesLabels
from operators.detectors.plan import AnomalyPlan
from operators.detectors.points import AT, points_of, values_of
from operators.detectors.registry import make_detector
from operators.detectors.series import SeriesTable
from operators.detectors.turns import Told, judge_points
from operators.detectors.verdicts import silence_frame, verdict_frame
from operators.keygroups.keys import Key
from tidegauge.errors import UserMistake
from tidegauge.labels import Label
from tidegauge.records import TIME_NS

OTHER = "other"
"""What key columns of text say in the row of all series beyond the largest."""


class Judge:
    """Judges every series of one anomaly in one key group.

    Args:
        plan: the anomaly.
        snapshot: where an earlier run stopped.
        labels: what is known of it.

    Raises:
        UserMistake: the snapshot is of another anomaly or detector.
    """

    def __init__(
        self,
        plan: AnomalyPlan,
        snapshot: dict[str, Any] | None = None,
        labels: SeriesLabels | None = None,
    ) -> None:
        self._plan = plan
        self._labels = labels or SeriesLabels()
        self._groups = GroupNumbers(plan.by, plan.anomaly.group)
        self._detector = make_detector(plan.anomaly, self._groups)
        self._series = SeriesTable(plan.by)
        self._alone = np.zeros(0, np.bool_)
        if snapshot is not None:
            self._restore(snapshot)

    def judge(self, frame: pl.DataFrame, now_ns: int) -> pl.DataFrame:
        """Verdicts on all rows that could be judged, in their order.

        What has no finite value is left out, and so is what a series warms up with. A series that
        was silent for unusually long before a row has a verdict about that, in the order of time.

        Args:
            frame: records of the window, of which first results count, or events in event-time
                order with `TIME`, `OFFSET` and `PARTITION`; each key's rows in event-time order.
            now_ns: wall clock, for the processing time in the verdicts.

        Returns:
            the columns of the anomaly's signal, `ANOMALOUS`, `REPEATED` and `TOLD`.
        """
        points = points_of(self._plan, frame)
        slots = self._series.slots(points)
        self._make_room()
        told = self._told(slots, values_of(self._plan, points), points[AT].to_numpy())
        verdicts = verdict_frame(self._plan, points, told, now_ns)
        silent = [self._silent_frame(one, now_ns) for one in told.silences]
        return pl.concat([*silent, verdicts]).sort(TIME_NS) if silent else verdicts

    def silent(self, passed_ns: int, now_ns: int) -> pl.DataFrame | None:
        """Verdicts on series that had no point for unusually long; None where there are none.

        Args:
            passed_ns: event time before which nothing will come any more.
            now_ns: wall clock, for the processing time in the verdicts.
        """
        if not isinstance(self._detector, FlatLine) or not len(self._series):
            return None
        slots = np.flatnonzero(self._alone)
        until_ns = np.full(slots.size, passed_ns, np.int64)
        found = self._detector.fall_silent(slots, until_ns)
        return self._silent_frame(found, now_ns) if found.slots.size else None

    def label(self, label: Label) -> None:
        """Take in a label of one of the anomaly's series."""
        self._labels.add(label)

    @property
    def labels(self) -> list[Label]:
        """What is known of it."""
        return self._labels.labels

    def snapshot(self) -> dict[str, Any]:
        """Everything a restart needs."""
        return {
            "on": self._plan.anomaly.watched,
            "by": self._plan.by,
            "keys": self._series.keys,
            "detector": self._detector.snapshot(),
            "sensitivity": self._detector.sensitivity.copy(),
        }

    def _restore(self, snapshot: dict[str, Any]) -> None:
        plan, watched = self._plan, self._plan.anomaly.watched
        if (snapshot["on"], snapshot["by"]) != (watched, plan.by):
            raise UserMistake(
                f"saved state: anomaly {plan.name} was on {snapshot['on']} by"
                f" {list(snapshot['by'])}, now it is on {watched} by {list(plan.by)};"
                " give it another name or start with an empty recovery directory"
            )
        before, now = snapshot["detector"]["detector"], self._detector.name
        if before != now:
            raise UserMistake(
                f"saved state: anomaly {plan.name} was judged by {before}, now it is by {now};"
                f" write detector: {before} to go on, give the anomaly another name, or start with"
                " an empty recovery directory"
            )
        self._series = SeriesTable(plan.by, snapshot["keys"])
        self._detector.restore(snapshot["detector"])
        self._make_room()
        # Snapshots of before there were labels have none.
        self._detector.sensitivity = snapshot.get("sensitivity", self._detector.sensitivity).copy()

    def _make_room(self) -> None:
        self._detector.grow(len(self._series))
        new = self._series.since(len(self._groups))
        self._groups.learn(new)
        self._alone = np.concatenate([self._alone, [not self._is_rest(key) for key in new]])

    def _is_rest(self, key: Key) -> bool:
        """Whether a row may be the sum of small series, which comes later than the others."""
        parts = key if isinstance(key, tuple) else (key,)
        return bool(parts) and self._plan.ordering is None and {*parts} <= {OTHER, None}

    def _told(self, slots: Slots, x: Floats, at_ns: Times) -> Told:
        """What is said of the points, cut where labels begin to count."""
        if not self._labels or not slots.size:
            return judge_points(self._detector, slots, x, at_ns)
        told = Told.blank(slots.size)
        cuts = [int(at_ns.min()), *self._labels.cuts(int(at_ns.min()), int(at_ns.max()))]
        pieces = np.searchsorted(cuts, at_ns, side="right") - 1
        for piece, since_ns in enumerate(cuts):
            at = np.flatnonzero(pieces == piece)
            self._apply_labels(slots[at], since_ns)
            told.put(at, judge_points(self._detector, slots[at], x[at], at_ns[at]))
        return told

    def _apply_labels(self, slots: Slots, at_ns: int) -> None:
        """Set the sensitivity of series that have points now; others keep theirs until then."""
        for series in self._labels.series:
            slot = self._series.slot(series)
            if slot is not None and (slots == slot).any():
                moved = self._labels.sensitivity(series, at_ns)
                self._detector.sensitivity[slot] = moved

    def _silent_frame(self, silences: Silences, now_ns: int) -> pl.DataFrame:
        keys = self._series.parts(silences.slots)
        sensitivity = self._detector.sensitivity[silences.slots]
        return silence_frame(self._plan, silences, keys, sensitivity, now_ns)
