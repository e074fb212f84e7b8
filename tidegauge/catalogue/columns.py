"""Columns of events, as declared, enriched, derived and joined."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from tidegauge.expressions.aggregates import compile_aggregate
from tidegauge.expressions.compiled import Columns
from tidegauge.expressions.scalars import compile_scalar
from tidegauge.fieldtypes import FieldType
from tidegauge.spec.models import AddedField, Pattern, Pipeline, Source, SourceField, Table, Window

NO_TABLES: Mapping[str, Table] = MappingProxyType({})
SOURCE = "_source"
"""Column of the events of several sources: the source's name."""


def read_columns(source: Source, tables: Mapping[str, Table]) -> dict[str, SourceField]:
    """Columns an event of this source has before any is derived: its own, then those of tables.

    Args:
        source: a source of a checked pipeline file.
        tables: tables of the file.
    """
    columns = dict(source.fields)
    for name, enrichment in source.enrich.items():
        declared = tables[name].fields
        columns |= {new: declared[column] for new, column in enrichment.fields.items()}
    return columns


def sensitive_columns(source: Source, tables: Mapping[str, Table]) -> dict[str, str]:
    """Columns of a source's events, its own and those of tables, of which only hashes are used.

    Returns:
        the salt of each, which is empty where it has none.
    """
    columns = read_columns(source, tables)
    return {name: declared.salt for name, declared in columns.items() if declared.sensitive}


def event_columns(source: Source, tables: Mapping[str, Table] = NO_TABLES) -> dict[str, FieldType]:
    """Columns an event of this source has when all is done to it, and their types.

    Args:
        source: a source of a checked pipeline file.
        tables: tables of the file; a source that is not enriched needs none.
    """
    columns = {name: declared.type for name, declared in read_columns(source, tables).items()}
    for name, sql in source.derive.items():
        columns[name] = compile_scalar(sql, columns).type
    return columns | {name: added.type for name, added in added_columns(source).items()}


def added_columns(source: Source) -> Mapping[str, AddedField]:
    """Columns that the function of a source adds."""
    return source.process.adds if source.process else {}


def held_columns(pipeline: Pipeline, source: str) -> frozenset[str]:
    """Columns of a source's events whose values are held one by one, as long as their series are.

    They are the keys of what is over the source, and what a window has a list of by `top`.
    """
    held: set[str] = set()
    for window in pipeline.windows.values():
        if source in window.from_:
            types = window_columns(pipeline, window)
            held |= set(window.by)
            held |= {
                column
                for field in window.select.values()
                for call in compile_aggregate(field.expr, types).calls
                if call.function == "top" and call.argument is not None
                for column in call.argument.columns
            }
    for pattern in pipeline.patterns.values():
        held |= set(pattern.by) if source in pattern.from_ else set()
    for anomaly in pipeline.anomalies.values():
        held |= set(anomaly.by) if anomaly.target == source else set()
    return frozenset(held)


def window_columns(pipeline: Pipeline, window: Window) -> dict[str, FieldType]:
    """Columns of a window's events, and their types: those that all of its sources have alike."""
    first, *others = (
        event_columns(pipeline.sources[name], pipeline.tables) for name in window.from_
    )
    return {
        name: kind
        for name, kind in first.items()
        if all(other.get(name) is kind for other in others)
    }


def pattern_columns(pipeline: Pipeline, pattern: Pattern) -> dict[str, FieldType]:
    """Columns of a pattern's events, and their types (`joined_columns`)."""
    joined = joined_columns(
        [(name, event_columns(pipeline.sources[name], pipeline.tables)) for name in pattern.from_]
    )
    return {name: kind for name, kind in joined.items() if kind is not None}


def joined_columns(sources: Sequence[tuple[str, Columns]]) -> Columns:
    """Columns of events of several sources in one sequence.

    An event has null in the columns that only others have. What two sources have with different
    types is in none. Where there are several sources, `SOURCE` tells them apart.
    """
    found: dict[str, set[FieldType | None]] = {}
    for _, columns in sources:
        for name, kind in columns.items():
            found.setdefault(name, set()).add(kind)
    joined = {
        name: None if None in kinds else next(iter(kinds))
        for name, kinds in found.items()
        if len(kinds - {None}) <= 1
    }
    return joined if len(sources) == 1 else {**joined, SOURCE: FieldType.STRING}
