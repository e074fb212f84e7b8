"""Every name that the product may give a column, collected from its code."""

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from connectors.memory.source import Held
from operators.windows.plan import plan_pipeline_window
from tests.names.flow import run
from tidegauge.catalogue import catalogue_of
from tidegauge.spec.models import Pipeline

ROOT = Path(__file__).parents[2]
ROOMS = ("tidegauge", "operators", "connectors", "dataflows", "grafana")
_NAMING = frozenset(
    {"col", "alias", "Series", "with_columns", "select", "agg", "sort", "drop", "rename", "len"}
    | {"Column"}
)
"""Calls whose own texts and keywords name columns."""


@functools.cache
def names_of_ours() -> tuple[str, ...]:
    """All names, sorted."""
    written = {name for room in ROOMS for file in (ROOT / room).rglob("*.py") for name in _in(file)}
    # What an expression without a name of its own is called.
    given = set(pl.DataFrame({"x": [1]}).select(pl.len(), pl.lit(1)).columns)
    return tuple(sorted(written | given | {"len", "count", "index"}))


def names_of_windows(pipeline: Pipeline) -> set[str]:
    """Columns that steps of the pipeline's windows work with."""
    found: set[str] = set()
    for name in pipeline.windows:
        plan = plan_pipeline_window(pipeline, name)
        found |= {held.name for held in plan.accumulators} | {each.name for each in plan.distances}
        found |= {table.name for table in plan.tables} | {value.id for value in plan.table_values}
        found |= {value.meta.output_name() for value in plan.values}
    return found


def names_of_records(pipeline: Pipeline, messages: list[Held]) -> set[str]:
    """Columns of records as the flow hands them to sinks, and those of their signals."""
    made = run(pipeline, messages)
    columns = {name for batch in [*made.stored, *made.sent] for name in batch.frame.columns}
    signals = {column.name for signal in catalogue_of(pipeline) for column in signal.columns}
    return columns | signals


def _in(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and _called(node) in _NAMING:
            yield from (key.arg for key in node.keywords if key.arg)
            texts = (part.value for part in node.args if isinstance(part, ast.Constant))
            yield from (text for text in texts if isinstance(text, str))


def _called(call: ast.Call) -> str:
    return getattr(call.func, "attr", getattr(call.func, "id", ""))
