"""The patterns of a pipeline file, compiled: which of them share a step, an order and a matcher."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from operators.cep.buffer import Path
from operators.cep.compile import bind
from operators.cep.layout import EventLayout
from operators.cep.limits import Limits
from operators.cep.positions import Tail
from operators.ordering.identity import PARTITION
from tidegauge.batch import OFFSET
from tidegauge.catalogue import (
    Catalogue,
    catalogue_of,
    joined_columns,
    pattern_columns,
    timeouts_of,
)
from tidegauge.catalogue import event_columns as columns_of
from tidegauge.errors import UserMistake
from tidegauge.expressions.compiled import Columns
from tidegauge.fieldtypes import FieldType
from tidegauge.patterns.checks import PatternError
from tidegauge.patterns.declared import declared_pattern
from tidegauge.patterns.pattern import Pattern
from tidegauge.signals import Signal
from tidegauge.spec.models import Pipeline

CARRIED = (PARTITION, OFFSET)
"""Columns that a taken event is told by."""


@dataclass(frozen=True, slots=True)
class PatternPlan:
    """One pattern.

    Attributes:
        pipeline: name of the pipeline.
        pattern: the compiled pattern.
        signal: the signal of its matches.
        timeouts: the signal of its runs whose time is over; None where they are not told.
        by: key columns.
        measures: SQL of its measures by name.
        limits: how much is held for one key.
    """

    pipeline: str
    pattern: Pattern
    signal: Signal
    timeouts: Signal | None
    by: tuple[str, ...]
    measures: Mapping[str, str]
    limits: Limits

    @property
    def name(self) -> str:
        """Its name."""
        return self.pattern.name

    def awaited_ns(self, path: Path) -> int:
        """Event time of a match: of its last event, or the end of what must not follow it."""
        first_ns, last = path[0].time_ns, path[-1]
        waits = [way for way in last.position.ways if way.tail is Tail.WINDOW_END]
        if last.position.accepts or not waits:
            return last.time_ns
        whole = self.pattern.within_ns
        ends = [last.time_ns + way.within_ns for way in waits if way.within_ns is not None]
        return min([*ends, first_ns + whole] if whole is not None else ends)


class LaneKey(NamedTuple):
    """What the patterns of one matcher have in common."""

    by: tuple[str, ...]
    in_order: bool

    def __str__(self) -> str:
        return f"{'event time' if self.in_order else 'arrival'} ({', '.join(self.by)})"


@dataclass(frozen=True, slots=True)
class LanePlan:
    """Patterns over the same sources, by the same keys, in the same order.

    Attributes:
        key: their keys and order.
        columns: columns of the events and their types.
        patterns: the patterns.
    """

    key: LaneKey
    columns: Mapping[str, FieldType]
    patterns: tuple[PatternPlan, ...]


@dataclass(frozen=True, slots=True)
class PatternStep:
    """All patterns over the same sources.

    Attributes:
        sources: the sources, in the order of the file.
        columns: columns of each source's events.
        topics: topic of each source.
        lanes: the patterns.
    """

    sources: tuple[str, ...]
    columns: Mapping[str, Columns]
    topics: Mapping[str, str]
    lanes: tuple[LanePlan, ...] = field(default=())

    @property
    def name(self) -> str:
        """The sources as one word."""
        return "+".join(self.sources)


def plan_patterns(pipeline: Pipeline) -> tuple[PatternStep, ...]:
    """The steps that find the patterns of a checked pipeline file.

    Raises:
        UserMistake: a pattern is too large to be run.
    """
    catalogue = catalogue_of(pipeline)
    found: dict[tuple[str, ...], dict[LaneKey, list[PatternPlan]]] = {}
    for name, declared in pipeline.patterns.items():
        key = LaneKey(tuple(declared.by), declared.order == "event_time")
        lanes = found.setdefault(declared.from_, {})
        lanes.setdefault(key, []).append(_plan(pipeline, catalogue, name))
    return tuple(_step(pipeline, sources, lanes) for sources, lanes in found.items())


def plan_pattern(pipeline: Pipeline, name: str) -> PatternPlan:
    """One pattern of a checked pipeline file.

    Raises:
        UserMistake: it is too large to be run.
    """
    return _plan(pipeline, catalogue_of(pipeline), name)


def _plan(pipeline: Pipeline, catalogue: Catalogue, name: str) -> PatternPlan:
    declared = pipeline.patterns[name]
    pattern = declared_pattern(name, declared)
    try:
        bind(pattern, pattern_columns(pipeline, declared), EventLayout(()))
    except PatternError as error:
        raise UserMistake(f"patterns.{name}: {error}") from None
    return PatternPlan(
        pipeline=pipeline.pipeline,
        pattern=pattern,
        signal=catalogue[name],
        timeouts=catalogue[timeouts_of(name)] if declared.timeouts else None,
        by=tuple(declared.by),
        measures={key: measure.expr for key, measure in declared.measures.items()},
        limits=Limits(declared.limits.partial_matches, declared.limits.buffered_events),
    )


def _step(
    pipeline: Pipeline, sources: tuple[str, ...], lanes: Mapping[LaneKey, list[PatternPlan]]
) -> PatternStep:
    columns = {name: columns_of(pipeline.sources[name], pipeline.tables) for name in sources}
    joined = joined_columns(list(columns.items()))
    typed = {name: kind for name, kind in joined.items() if kind is not None}
    return PatternStep(
        sources,
        columns,
        {name: pipeline.sources[name].kafka.topic for name in sources},
        tuple(LanePlan(key, typed, tuple(plans)) for key, plans in lanes.items()),
    )
