"""Why a point is judged as it is, in words."""

import polars as pl

from operators.detectors.plan import AnomalyPlan
from operators.detectors.points import category

_SIDE = pl.col("direction") > 0


def reason(plan: AnomalyPlan) -> pl.Expr:
    """The reason of each verdict on a point; null where it is no anomaly."""
    return pl.when(pl.col("_anomalous")).then(_reason(plan))


def _reason(plan: AnomalyPlan) -> pl.Expr:
    match plan.anomaly.judged_by:
        case "rare_category":
            return pl.format("{} hardly ever comes", category())
        case "flat_line":
            stuck = pl.col("value") == pl.col("expected")
            return _either(stuck, "the same value for unusually long", "unusually long without any")
        case "change_point":
            return _either(_SIDE, "the level has risen", "the level has fallen")
        case "multivariate":
            return pl.lit("unusual together")
        case "peers":
            return _either(_SIDE, "unusually far above its group", "unusually far below its group")
    return _either(_SIDE, "above what is usual", "below what is usual")


def silence_reason() -> pl.Expr:
    """The reason of a silence, from the time of the last point in `_since`."""
    since = pl.from_epoch(pl.col("_since"), time_unit="ns")
    return pl.format("nothing since {}", since.dt.strftime("%Y-%m-%dT%H:%M:%S%.3fZ"))


def _either(condition: pl.Expr, one: str, other: str) -> pl.Expr:
    return pl.when(condition).then(pl.lit(one)).otherwise(pl.lit(other))
