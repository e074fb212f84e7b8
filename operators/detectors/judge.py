"""From the records of a window, or from events, to verdicts."""

from typing import Any

import polars as pl

from operators.detectors.plan import AnomalyPlan
from operators.detectors.registry import make_detector
from operators.detectors.series import SeriesTable
from tidegauge.batch import TIME
from tidegauge.errors import UserMistake
from tidegauge.records import TIME_NS

ANOMALOUS = "anomalous"
"""Column of verdicts (Boolean): whether the row is an anomaly. It is no field of the signal."""


class Judge:
    """Judges every series of one anomaly in one key group.

    Args:
        plan: the anomaly.
        snapshot: where an earlier run stopped.

    Raises:
        UserMistake: the snapshot is of another anomaly or detector.
    """

    def __init__(self, plan: AnomalyPlan, snapshot: dict[str, Any] | None = None) -> None:
        self._plan = plan
        self._detector = make_detector(plan.anomaly)
        self._series = SeriesTable(plan.by)
        if snapshot is not None:
            self._restore(snapshot)

    def judge(self, frame: pl.DataFrame, now_ns: int) -> pl.DataFrame:
        """Verdicts on all rows that could be judged, in their order.

        What has no finite value is left out, and so is what a series warms up with.

        Args:
            frame: records of the window, of which first results count, or events in event-time
                order with `TIME`, `OFFSET` and `PARTITION`; each key's rows in event-time order.
            now_ns: wall clock, for the processing time in the verdicts.

        Returns:
            the columns of the anomaly's signal, and `ANOMALOUS`.
        """
        points = self._points(frame)
        slots = self._series.slots(points)
        self._detector.grow(len(self._series))
        x, t_ns = points["value"].to_numpy(), points["start_ns"].to_numpy()
        verdicts = self._detector.judge(slots, x, t_ns)
        points = points.with_columns(
            *(pl.Series(name, getattr(verdicts, name)) for name in (*_FLOATS, "direction")),
            pl.Series(ANOMALOUS, verdicts.anomalous),
        )
        return self._shape(points.filter(verdicts.judged), now_ns)

    def snapshot(self) -> dict[str, Any]:
        """Everything a restart needs."""
        return {
            "on": self._plan.anomaly.on,
            "by": self._plan.by,
            "keys": self._series.keys,
            "detector": self._detector.snapshot(),
        }

    def _restore(self, snapshot: dict[str, Any]) -> None:
        plan = self._plan
        if (snapshot["on"], snapshot["by"]) != (plan.anomaly.on, plan.by):
            raise UserMistake(
                f"saved state: anomaly {plan.name} was on {snapshot['on']} by"
                f" {list(snapshot['by'])}, now it is on {plan.anomaly.on} by {list(plan.by)};"
                " give it another name or start with an empty recovery directory"
            )
        self._series = SeriesTable(plan.by, snapshot["keys"])
        self._detector.restore(snapshot["detector"])

    def _points(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Time, keys and value of what has a finite value."""
        plan = self._plan
        if plan.ordering:
            times = [pl.col(TIME_NS), pl.col(TIME).alias("start_ns")]
        else:
            frame = frame.filter(pl.col("revision") == 0)
            times = [pl.col(TIME_NS), pl.col("start_ns")]
        value = pl.col(plan.field).cast(pl.Float64).alias("value")
        return frame.select(*times, *plan.by, value).filter(pl.col("value").is_finite())

    def _shape(self, judged: pl.DataFrame, now_ns: int) -> pl.DataFrame:
        plan = self._plan
        direction = pl.col("direction").replace_strict(
            {1: "up", -1: "down"}, default=None, return_dtype=pl.String
        )
        return judged.select(
            TIME_NS,
            pl.lit(plan.name).alias("anomaly"),
            *plan.by,
            pl.lit(plan.field).alias("field"),
            "value",
            *_FLOATS,
            direction,
            "start_ns",
            pl.lit(now_ns, pl.Int64).alias("processing_time_ns"),
            ANOMALOUS,
        )


_FLOATS = ("expected", "lower", "upper", "score")
