"""From the records of a window to what models say of them."""

from collections.abc import Sequence

import polars as pl

from operators.predictions.plan import PredictionPlan
from tidegauge.records import TIME_NS, RecordBatch


def predictions(
    batch: RecordBatch, plans: Sequence[PredictionPlan], now_ns: int
) -> list[RecordBatch]:
    """What each model says of the first results in a batch of its window.

    Rows in which an input is absent are not scored, and none is told where the model gives no
    finite number.

    Args:
        batch: records of one signal.
        plans: the pipeline's predictions.
        now_ns: wall clock, for the processing time in the records.
    """
    made = []
    for plan in plans:
        if plan.window == batch.signal:
            frame = _scored(plan, batch.frame, now_ns)
            if frame.height:
                made.append(RecordBatch(plan.name, frame))
    return made


def _scored(plan: PredictionPlan, frame: pl.DataFrame, now_ns: int) -> pl.DataFrame:
    rows = frame.filter(pl.col("revision") == 0).drop_nulls(plan.scorer.fields)
    shaped = rows.select(
        TIME_NS,
        pl.lit(plan.name).alias("prediction"),
        *plan.by,
        "start_ns",
        pl.lit(now_ns, pl.Int64).alias("processing_time_ns"),
    )
    if not shaped.height:
        return shaped
    return shaped.with_columns(plan.scorer.score(rows)).drop_nulls("value")
