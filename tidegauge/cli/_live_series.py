"""What `tidegauge check --live` says: the series that the windows of a file would have."""

from collections.abc import Iterator, Mapping
from secrets import token_hex
from zoneinfo import ZoneInfo

import polars as pl

from connectors.codecs.json_columns import JsonColumns
from connectors.kafka.sample import TopicSample
from operators.intake.intake import Intake, IntakeState
from operators.intake.plan import plan_intake
from operators.intake.sensitive import KeyedHash
from operators.progress.board import ProgressBoard
from tidegauge.cardinality import estimate_distinct
from tidegauge.expressions.scalars import compile_scalar
from tidegauge.spec.models import Pipeline, Window


def series_of(pipeline: Pipeline, samples: Mapping[str, TopicSample]) -> Iterator[tuple[str, bool]]:
    """A line for each window with keys, and whether it is a warning.

    Args:
        pipeline: the pipeline.
        samples: messages of the topic of each source.
    """
    events: dict[str, pl.DataFrame] = {}
    for name, window in pipeline.windows.items():
        if not window.by:
            continue
        if pipeline.tables or len(window.from_) > 1:
            yield f"window {name}: its series are not estimated (tables, or several sources)", False
            continue
        (source,) = window.from_
        if source not in events:
            events[source] = _events(pipeline, source, samples[source])
        yield _told(name, window, samples[source], events[source], pipeline)


def _told(
    name: str, window: Window, read: TopicSample, events: pl.DataFrame, pipeline: Pipeline
) -> tuple[str, bool]:
    if window.where is not None and events.height:
        kinds = pipeline.sources[window.from_[0]].fields
        columns = {key: field.type for key, field in kinds.items()}
        for key, sql in pipeline.sources[window.from_[0]].derive.items():
            columns[key] = compile_scalar(sql, columns).type
        events = events.filter(compile_scalar(window.where, columns).polars)
    keys = events.select(window.by) if events.height else pl.DataFrame()
    about = estimate_distinct(keys, read.messages, read.available)
    seen = f"estimated from {read.messages:,} of {read.available:,} messages"
    line = f"window {name}: about {about:,} series of {', '.join(window.by)} ({seen})"
    if about <= window.max_series:
        return line, False
    return (
        (
            f"{line}; more than max_series {window.max_series:,}: of a result with so many, the"
            " smallest become other; take a key with fewer values, or raise max_series"
        ),
        True,
    )


def _events(pipeline: Pipeline, name: str, read: TopicSample) -> pl.DataFrame:
    source = pipeline.sources[name]
    plan = plan_intake(
        name,
        source,
        JsonColumns,
        zone=ZoneInfo(pipeline.timezone),
        # Series are counted, and their values told to nobody.
        hash_text=KeyedHash(token_hex()),
    )
    board, frames = ProgressBoard(), []
    for number, raw in read.partitions.items():
        batch = Intake(plan, number, read.partition_count, board, IntakeState()).take(raw)
        frames += [batch.on_time, batch.corrections]
    found = [frame for frame in frames if frame.height]
    return pl.concat(found) if found else pl.DataFrame()
