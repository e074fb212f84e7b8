"""The points of an anomaly's series, out of frames of window records and events."""

import numpy as np
import polars as pl
import xxhash

from operators.detectors.contract import Floats
from operators.detectors.plan import AnomalyPlan
from operators.keygroups.keys import key_bytes
from tidegauge.batch import TIME
from tidegauge.records import TIME_NS

AT = "_at"
"""Column of points: the time by which their series goes on, the end of a window or that of an
event."""
_JUDGED = "_judged_"
"""Before the number of a field: columns of points with what is judged."""
_CODE_BITS = 52
"""Bits of a category's hash: so many whole numbers a float tells apart."""


def points_of(plan: AnomalyPlan, frame: pl.DataFrame) -> pl.DataFrame:
    """What can be judged, in its order: times, keys, and what is judged.

    Left out is what has no finite value (for categories, no value), and corrected window results.
    """
    if plan.ordering:
        times = [pl.col(TIME_NS), pl.col(TIME).alias("start_ns"), pl.col(TIME).alias(AT)]
    else:
        frame = frame.filter(pl.col("revision") == 0)
        times = [pl.col(TIME_NS), pl.col("start_ns"), pl.col(TIME_NS).alias(AT)]
    judged = [_judged(plan, number, field) for number, field in enumerate(plan.fields)]
    points = frame.select(*times, *plan.by, *judged)
    columns = [pl.col(f"{_JUDGED}{number}") for number in range(len(judged))]
    if is_category(plan):
        return points.filter(columns[0].is_not_null())
    return points.filter(pl.all_horizontal(column.is_finite() for column in columns))


def values_of(plan: AnomalyPlan, points: pl.DataFrame) -> Floats:
    """What is judged, as a detector takes it: a row each where there are several fields."""
    if is_category(plan):
        return _codes(points[f"{_JUDGED}0"])
    if len(plan.fields) > 1:
        return points.select(pl.col(f"^{_JUDGED}.*$")).to_numpy()
    return points[f"{_JUDGED}0"].to_numpy()


def category() -> pl.Expr:
    """The category of each point as text."""
    return pl.col(f"{_JUDGED}0").cast(pl.String)


def is_category(plan: AnomalyPlan) -> bool:
    """Whether points are categories, which are only equal or not."""
    return plan.anomaly.judged_by == "rare_category"


def _judged(plan: AnomalyPlan, number: int, field: str) -> pl.Expr:
    column = pl.col(field) if is_category(plan) else pl.col(field).cast(pl.Float64)
    return column.alias(f"{_JUDGED}{number}")


def _codes(values: pl.Series) -> Floats:
    """Numbers that stand for categories: the same in every process and version."""
    codes = {
        value: float(xxhash.xxh3_64_intdigest(key_bytes(value)) >> (64 - _CODE_BITS))
        for value in values.unique().to_list()
    }
    return np.array([codes[value] for value in values.to_list()], np.float64)
