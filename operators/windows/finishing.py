"""Results of closed windows: values of aggregates from accumulators and tables."""

from collections.abc import Mapping, Sequence

import polars as pl

from operators.windows.part import CLOSED, Part
from operators.windows.plan import WindowPlan


def finish_tables(
    plan: WindowPlan, tables: Mapping[str, pl.DataFrame], places: Sequence[str]
) -> pl.DataFrame | None:
    """A row for each key and place in merged tables, a column for each aggregate made of one.

    Where a table has no row for a key and place its columns are null; None when no table has rows.
    """
    by = [*plan.by, *places]
    finished: pl.DataFrame | None = None
    for value in plan.table_values:
        rows = tables.get(value.table.name)
        if rows is None or not rows.height:
            continue
        column = value.finish(rows, by)
        finished = column if finished is None else _full_join(finished, column, by)
    return finished


def finish(plan: WindowPlan, closed: Part) -> pl.DataFrame:
    """Rows of closed windows, with a column for each aggregate call (`AggregateCall.id`)."""
    rows = closed.rows
    if plan.table_values:
        by = [*plan.by, *CLOSED]
        finished = finish_tables(plan, closed.tables, CLOSED)
        if finished is not None:
            rows = rows.join(finished, on=by, how="left", nulls_equal=True, maintain_order="left")
        absent = [value for value in plan.table_values if value.id not in rows.columns]
        rows = rows.with_columns(pl.lit(None, value.dtype).alias(value.id) for value in absent)
    return rows.with_columns(plan.values)


def _full_join(left: pl.DataFrame, right: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    return left.join(right, on=by, how="full", nulls_equal=True, coalesce=True)
