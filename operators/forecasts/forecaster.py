"""One forecast over its series in one key group: from records of a window to records ahead."""

from collections.abc import Sequence
from typing import Any

import polars as pl
import xxhash

from operators.forecasts.plan import ForecastPlan
from operators.forecasts.series import HISTORY, Made, Series
from operators.keygroups.keys import Key, key_bytes, key_list
from tidegauge.errors import UserMistake
from tidegauge.records import TIME_NS, RecordBatch

_DIGITS = 9
"""Sums of floats differ beyond so many digits with how they were split; forecasts must not."""
_FEW = 1_000
"""So many silent series are not worth a look."""


class Forecaster:
    """Follows every series of one forecast.

    A series that is silent for longer than its history would begin anew; once there are many, such
    are let go, which changes no result.

    Args:
        plan: the forecast.
        snapshot: where an earlier run stopped.

    Raises:
        UserMistake: the snapshot is of another forecast.
    """

    def __init__(self, plan: ForecastPlan, snapshot: dict[str, Any] | None = None) -> None:
        self._plan = plan
        self._series: dict[Key, Series] = {}
        self._look_at = _FEW
        if snapshot is not None:
            self._restore(snapshot)

    def __len__(self) -> int:
        return len(self._series)

    def take(self, frame: pl.DataFrame, now_ns: int) -> list[RecordBatch]:
        """The forecasts that first results of the window bring about.

        Args:
            frame: records of the window, each key's in the order of their time.
            now_ns: wall clock, for the processing time in the records.

        Returns:
            a batch of the forecast's signal, and one for each lead; none where nothing is due.
        """
        plan = self._plan
        value = pl.col(plan.field).cast(pl.Float64)
        # Beyond 1e150 the squares of values have none.
        sound = value.is_finite() & (value.abs() < 1e150)
        points = frame.filter((pl.col("revision") == 0) & sound)
        values = points[plan.field].cast(pl.Float64).round_sig_figs(_DIGITS)
        made: list[tuple[int, Made]] = []
        rows = zip(key_list(points, plan.by), points[TIME_NS], values, strict=True)
        for row, (key, end_ns, x) in enumerate(rows):
            forecast = self._of(key).take(end_ns, x)
            if forecast is not None:
                made.append((row, forecast))
        if len(self._series) > self._look_at:
            self._let_go()
        return self._records(points, made, now_ns) if made else []

    def snapshot(self) -> dict[str, Any]:
        """Everything a restart needs."""
        return {
            "settings": self._settings(),
            "look_at": self._look_at,
            "series": {key: series.snapshot() for key, series in self._series.items()},
        }

    def _settings(self) -> tuple[Any, ...]:
        plan, config = self._plan, self._plan.config
        return (f"{plan.window}.{plan.field}", plan.by, config.cell_ns, config.ahead)

    def _restore(self, snapshot: dict[str, Any]) -> None:
        if snapshot["settings"] != self._settings():
            on, by, cell_ns, ahead = snapshot["settings"]
            raise UserMistake(
                f"saved state: forecast {self._plan.name} was on {on} by {list(by)}, {ahead} steps"
                f" of {cell_ns / 1e9:g}s, which is no longer so; give it another name or start with"
                " an empty recovery directory"
            )
        self._look_at = snapshot["look_at"]
        for key, state in snapshot["series"].items():
            self._of(key).restore(state)

    def _of(self, key: Key) -> Series:
        series = self._series.get(key)
        if series is None:
            chance = xxhash.xxh3_64_intdigest(key_bytes(key)) / 2.0**64
            series = self._series[key] = Series(self._plan.config, chance)
        return series

    def _let_go(self) -> None:
        newest_ns = max(series.last_ns for series in self._series.values())
        # One more: the last point may lie anywhere in its cell.
        since_ns = newest_ns - (HISTORY + 2) * self._plan.config.cell_ns
        kept = {key: each for key, each in self._series.items() if each.last_ns >= since_ns}
        self._series = kept
        self._look_at = max(2 * len(kept), _FEW)

    def _records(
        self, points: pl.DataFrame, made: Sequence[tuple[int, Made]], now_ns: int
    ) -> list[RecordBatch]:
        plan, cell_ns = self._plan, self._plan.config.cell_ns
        made_ns = pl.Series([each.made_ns for _, each in made], dtype=pl.Int64)
        columns = {
            name: pl.Series([getattr(each, name) for _, each in made], dtype=pl.List(pl.Float64))
            for name in ("expected", "lower", "upper")
        }
        steps = [list(range(1, plan.config.ahead + 1))] * len(made)
        # Not the keys alone: a frame without columns has no rows.
        whole = (
            points[[row for row, _ in made]]
            .select(
                *plan.by,
                made_ns.alias("made_at_ns"),
                pl.lit(plan.name).alias("forecast"),
                pl.lit(plan.field).alias("field"),
                pl.Series("step", steps, dtype=pl.List(pl.Int64)),
                *(column.alias(name) for name, column in columns.items()),
                pl.lit(now_ns, pl.Int64).alias("processing_time_ns"),
            )
            .explode("step", *columns)
        )
        horizon_ns = (pl.col("step") * cell_ns).alias("horizon_ns")
        told = whole.with_columns(horizon_ns)
        target_ns = pl.col("made_at_ns") + pl.col("horizon_ns")
        batches = [RecordBatch(plan.name, told.select(target_ns.alias(TIME_NS), *self._shape()))]
        for lead in plan.leads:
            at = told.filter(pl.col("step") == lead.cell + 1)
            now = pl.col("made_at_ns").alias(TIME_NS)
            batches.append(RecordBatch(lead.name, at.select(now, *self._shape())))
        return batches

    def _shape(self) -> list[str]:
        fields = ("field", "expected", "lower", "upper", "made_at_ns", "horizon_ns")
        return ["forecast", *self._plan.by, *fields, "processing_time_ns"]
