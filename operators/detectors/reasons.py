"""Why a point is judged as it is, in words."""

from collections.abc import Sequence

import polars as pl

from operators.detectors.plan import AnomalyPlan
from operators.detectors.points import category
from tidegauge.durations import UNITS_NS

QUIET_SINCE = "_quiet_since"
"""Column of verdicts (Int64): where a run of zeros is an anomaly, or lasts, the time of the last
point before it; 0 elsewhere."""
_SIDE = pl.col("direction") > 0


def reason(plan: AnomalyPlan) -> pl.Expr:
    """The reason of each verdict on a point; null where it is no anomaly."""
    usually = pl.col("expected").round_sig_figs(3)
    of_zeros = pl.format("nothing but 0 since {}, usually {}", _moment(QUIET_SINCE), usually)
    why = pl.when(pl.col(QUIET_SINCE) != 0).then(of_zeros).otherwise(_reason(plan))
    return pl.when(pl.col("_anomalous")).then(why)


def _reason(plan: AnomalyPlan) -> pl.Expr:
    match plan.anomaly.judged_by:
        case "rare_category":
            return pl.format("{} hardly ever comes", category())
        case "flat_line":
            return pl.lit("the same value for unusually long")
        case "change_point":
            return _either(_SIDE, "the level has risen", "the level has fallen")
        case "multivariate":
            return pl.lit("unusual together")
        case "peers":
            return _either(_SIDE, "unusually far above its group", "unusually far below its group")
    return _either(_SIDE, "above what is usual", "below what is usual")


def silence_reason(usual_ns: Sequence[int]) -> pl.Expr:
    """The reason of silences, from the time of the last point in `_since`.

    Args:
        usual_ns: the usual time between points of each.
    """
    usually = pl.Series([about(gap_ns) for gap_ns in usual_ns], dtype=pl.String)
    return pl.format("nothing since {}, usually every {}", _moment("_since"), usually)


def about(duration_ns: int) -> str:
    """A duration in its largest unit, with two digits: `1m` for 59.8 s, `1.5h` for 89 minutes."""
    for unit in ("d", "h", "m", "s", "ms"):
        value = float(f"{duration_ns / UNITS_NS[unit]:.2g}")
        if value >= 1:
            return f"{value:g}{unit}"
    return f"{duration_ns}ns"


def _moment(column: str) -> pl.Expr:
    at = pl.from_epoch(pl.col(column), time_unit="ns")
    return at.dt.strftime("%Y-%m-%dT%H:%M:%S%.3fZ")


def _either(condition: pl.Expr, one: str, other: str) -> pl.Expr:
    return pl.when(condition).then(pl.lit(one)).otherwise(pl.lit(other))
