"""Verdicts as frames: the columns of an anomaly's signal, and what alerts need besides."""

from collections.abc import Sequence

import polars as pl

from operators.detectors.contract import Floats
from operators.detectors.flat_line import Silences
from operators.detectors.plan import AnomalyPlan
from operators.detectors.points import category, is_category
from operators.detectors.reasons import QUIET_SINCE, reason, silence_reason
from operators.detectors.turns import Told
from tidegauge.finite import finite_columns
from tidegauge.records import TIME_NS

ANOMALOUS = "_anomalous"
"""Column of verdicts (Boolean): whether the row is an anomaly, or one that was told before lasts.
It is no field of the signal."""
REPEATED = "_repeated"
"""Column of verdicts (Boolean): a silence or a run of zeros that was told before and lasts; no
anomaly of its own."""
TOLD = "_told_ns"
"""Column of verdicts (Int64): event time at which a silence was told first; null for points."""
_BAND = ("expected", "lower", "upper")


def verdict_frame(plan: AnomalyPlan, points: pl.DataFrame, told: Told, now_ns: int) -> pl.DataFrame:
    """Verdicts on points, those that were judged.

    Args:
        plan: the anomaly.
        points: see `points_of`.
        told: what the detector said of them.
        now_ns: wall clock, for the processing time.
    """
    verdicts = told.verdicts
    rows = points.with_columns(
        *(pl.Series(name, getattr(verdicts, name)) for name in (*_BAND, "score")),
        pl.Series("direction", verdicts.direction),
        pl.Series("value", told.value),
        pl.Series("sensitivity", told.sensitivity),
        pl.Series(ANOMALOUS, verdicts.anomalous | verdicts.lasts),
        pl.Series(REPEATED, verdicts.lasts),
        pl.Series(QUIET_SINCE, verdicts.quiet_since_ns),
        pl.lit(None, pl.Int64).alias(TOLD),
    ).filter(verdicts.judged)
    rows = rows.with_columns(finite_columns([*_BAND, "score", "value"]))
    rows = rows.with_columns(reason(plan).cast(pl.String).alias("reason"))
    if is_category(plan):
        rows = rows.with_columns(
            category().cast(pl.Float64, strict=False).alias("value"),
            *(pl.lit(None, pl.Float64).alias(name) for name in _BAND),
            pl.lit(0, pl.Int8).alias("direction"),
        ).with_columns(finite_columns(["value"]))
    return _signal(plan, rows, now_ns)


def silence_frame(
    plan: AnomalyPlan,
    silences: Silences,
    keys: Sequence[tuple[object, ...]],
    sensitivity: Floats,
    now_ns: int,
) -> pl.DataFrame:
    """Verdicts on silences, in the order of their times.

    Args:
        plan: the anomaly.
        silences: what the detector has told.
        keys: values of the key columns of each.
        sensitivity: that of each series.
        now_ns: wall clock, for the processing time.
    """
    schema = {name: kind.dtype for name, kind in plan.key_types.items()}
    # Not from the keys: a frame without columns has no rows.
    told = pl.DataFrame(
        [
            pl.Series(TIME_NS, silences.at_ns, pl.Int64),
            pl.Series("start_ns", silences.at_ns, pl.Int64),
            pl.Series("_since", silences.since_ns, pl.Int64),
            pl.Series("score", silences.score, pl.Float64),
            pl.Series("sensitivity", sensitivity, pl.Float64),
            pl.Series(REPEATED, silences.again, pl.Boolean),
            pl.Series(TOLD, silences.told_ns, pl.Int64),
        ]
    )
    rows = told.hstack(pl.DataFrame(keys, schema, orient="row")) if plan.by else told
    rows = rows.with_columns(
        silence_reason(silences.usual_ns.tolist()).alias("reason"),
        *(pl.lit(None, pl.Float64).alias(name) for name in (*_BAND, "value")),
        pl.lit(0, pl.Int8).alias("direction"),
        pl.lit(value=True).alias(ANOMALOUS),
    )
    return _signal(plan, rows.sort(TIME_NS, maintain_order=True), now_ns)


def _signal(plan: AnomalyPlan, rows: pl.DataFrame, now_ns: int) -> pl.DataFrame:
    direction = pl.col("direction").replace_strict(
        {1: "up", -1: "down"}, default=None, return_dtype=pl.String
    )
    return rows.select(
        TIME_NS,
        pl.lit(plan.name).alias("anomaly"),
        *plan.by,
        pl.lit(plan.field).alias("field"),
        "value",
        *_BAND,
        "score",
        direction,
        pl.lit(plan.anomaly.judged_by).alias("detector"),
        "reason",
        "sensitivity",
        "start_ns",
        pl.lit(now_ns, pl.Int64).alias("processing_time_ns"),
        ANOMALOUS,
        REPEATED,
        TOLD,
    )
