"""Results of closed windows: values of aggregates from accumulators and tables."""

import polars as pl

from operators.windows.part import CLOSED, Part
from operators.windows.plan import WindowPlan


def finish(plan: WindowPlan, closed: Part) -> pl.DataFrame:
    """Rows of closed windows, with a column for each aggregate call (`AggregateCall.id`).

    Args:
        plan: the window.
        closed: rows and tables with the window's key columns and `CLOSED`.
    """
    rows, by = closed.rows, [*plan.by, *CLOSED]
    for value in plan.table_values:
        table = closed.tables.get(value.table.name)
        if table is None or not table.height:
            rows = rows.with_columns(pl.lit(None, value.dtype).alias(value.id))
        else:
            column = value.finish(table, by)
            rows = rows.join(column, on=by, how="left", nulls_equal=True, maintain_order="left")
    return rows.with_columns(plan.values)
