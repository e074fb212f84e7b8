"""The signals of a pipeline: every measurement it can write, made from the pipeline file alone."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from tidegauge.expressions.aggregates import compile_aggregate
from tidegauge.expressions.compiled import Columns
from tidegauge.expressions.scalars import compile_scalar
from tidegauge.fieldtypes import FieldType
from tidegauge.forecasts import all_forecasts
from tidegauge.patterns.declared import declared_pattern, measure_types
from tidegauge.signals import Column, Signal, SignalKind
from tidegauge.spec.models import (
    Forecast,
    Pattern,
    Pipeline,
    Prediction,
    Source,
    SourceField,
    Table,
    Window,
    WindowField,
)

DEAD_LETTERS = "dead_letters"
ALERTS = "alerts"
FLOW = "flow"
WINDOW_STATE = "window_state"
LEDGER = "ledger"
PATTERN_STATE = "pattern_state"
RUN_FIELDS = frozenset({"processing_time_ns", "latency_ms"})

NO_TABLES: Mapping[str, Table] = MappingProxyType({})

INT, FLOAT, STRING, BOOL = FieldType.INT, FieldType.FLOAT, FieldType.STRING, FieldType.BOOL

WINDOW_METADATA = (
    Column("start_ns", INT, "ns", "Start of the window, nanoseconds since the epoch"),
    Column(
        "revision",
        INT,
        "",
        "0 for the first result, 1 for the corrected one, negative for early ones",
    ),
    Column("data_points", INT, "short", "Events in the window"),
    Column("first_event_ns", INT, "ns", "Lowest event time in the window"),
    Column("last_event_ns", INT, "ns", "Highest event time in the window"),
    Column("processing_time_ns", INT, "ns", "When the result was made"),
    Column(
        "latency_ms",
        FLOAT,
        "ms",
        "From the broker's append of the record that closed the window to the result",
    ),
)
STATE = "state"
"""Field of session windows."""
FINAL, SUPERSEDED = "final", "superseded"
SESSION_METADATA = (
    Column(
        STATE, STRING, "", "final, or superseded where a correction made it part of another session"
    ),
)
ANOMALY_FIELDS = (
    Column("field", STRING, "", "The field that was judged"),
    Column("value", FLOAT, "", "What was measured"),
    Column("expected", FLOAT, "", "What the detector expected"),
    Column("lower", FLOAT, "", "Lower end of the band of the expected"),
    Column("upper", FLOAT, "", "Upper end of the band of the expected"),
    Column("score", FLOAT, "", "Rarity, up to 1; of robust_z the distance in standard deviations"),
    Column("direction", STRING, "", "up or down"),
    Column("detector", STRING, "", "The detector that judged it"),
    Column("reason", STRING, "", "Why it is an anomaly"),
    Column("sensitivity", FLOAT, "", "Part of the alarms asked for that labels leave the series"),
    Column("start_ns", INT, "ns", "Start of the window, or the event time"),
    Column("processing_time_ns", INT, "ns", "When the result was made"),
)
FORECASTS, PREDICTIONS = "forecasts", "predictions"
"""Measurements."""
FORECAST_FIELDS = (
    Column("field", STRING, "", "The field that is forecast"),
    Column("expected", FLOAT, "", "What is expected"),
    Column("lower", FLOAT, "", "Lower end of the band"),
    Column("upper", FLOAT, "", "Upper end of the band"),
    Column("made_at_ns", INT, "ns", "What came until then is known to the forecast"),
    Column("horizon_ns", INT, "ns", "How far ahead it was made"),
    Column("processing_time_ns", INT, "ns", "When the record was made"),
)
PREDICTION_FIELDS = (
    Column("value", FLOAT, "", "What the model says"),
    Column("start_ns", INT, "ns", "Start of the window"),
    Column("processing_time_ns", INT, "ns", "When the record was made"),
)
MATCH_FIELDS = (
    Column("id", STRING, "", "Identity of the match, made from the events it took"),
    Column("kind", STRING, "", "match, or timeout for a run whose time was over"),
    Column("events", INT, "short", "Events that were taken"),
    Column("started_ns", INT, "ns", "Event time of the first one"),
    Column("ended_ns", INT, "ns", "Event time of the last one"),
    Column("processing_time_ns", INT, "ns", "When the record was made"),
)
SOURCE = "_source"
"""Column of the events of several sources: the source's name."""
ALERT_FIELDS = (
    Column("id", STRING, "", "Identity of this firing, from its first to its last record"),
    Column(
        "state",
        STRING,
        "",
        "pending, firing, resolved, or inactive where a pending one came to nothing",
    ),
    Column("active", INT, "", "1 while firing, else 0"),
    Column("value", FLOAT, "", "Value that the condition looked at"),
    Column("summary", STRING, "", "What happened, in a sentence"),
    Column("since_ns", INT, "ns", "When the condition began to hold"),
    Column("processing_time_ns", INT, "ns", "When the record was made"),
)
DEAD_LETTER_SIGNAL = Signal(
    DEAD_LETTERS,
    SignalKind.DEAD_LETTER,
    DEAD_LETTERS,
    tags=(
        Column(
            "kind",
            STRING,
            "",
            "broken, wrong_type, tombstone, no_event_time, future, late, process, too_many_keys,"
            " too_many_runs, or refused where the store did",
        ),
        Column("topic", STRING, "", "Topic of the record"),
        Column("partition", INT, "", "Partition of the record"),
    ),
    fields=(
        Column("offset", INT, "", "Offset of the record"),
        Column("reason", STRING, "", "Why it was refused"),
        Column("detail", STRING, "", "What programs want to know beside the reason, as JSON"),
        Column("payload", STRING, "", "Its value as text; absent for a tombstone"),
        Column(
            "encoding",
            STRING,
            "",
            "utf-8, or base64 where the payload is no UTF-8; of a source with sensitive fields"
            " redacted, or withheld where there is no payload",
        ),
        Column("size", INT, "bytes", "Length of its value; where payload is shorter, it is cut"),
    ),
    description="Records that were refused, with origin, reason and payload",
)
FLOW_SIGNAL = Signal(
    FLOW,
    SignalKind.FLOW,
    FLOW,
    tags=(
        Column("topic", STRING, "", "Topic that is read"),
        Column("partition", INT, "", "Partition that is read"),
    ),
    fields=(
        Column("processed", INT, "short", "Messages processed since the flow's first start"),
        Column("rate", FLOAT, "cps", "Messages processed a second since the record before"),
        Column("errors", INT, "short", "Messages that became dead letters"),
        Column("on_time", INT, "short", "Events within the out-of-orderness"),
        Column("corrections", INT, "short", "Late events within the allowed lateness"),
        Column("late", INT, "short", "Events later than that, which became dead letters"),
        Column("filtered", INT, "short", "Events that the filter left out"),
        Column("watermark_ns", INT, "ns", "Watermark of the partition"),
        Column("watermark_lag_ms", FLOAT, "ms", "Watermark behind the wall clock"),
        Column("state", STRING, "", "active, idle, or finished at the end of a bounded run"),
    ),
    description="What became of the messages of each partition",
    run_fields=frozenset({"rate", "watermark_lag_ms"}),
)

LEDGER_SIGNAL = Signal(
    LEDGER,
    SignalKind.LEDGER,
    LEDGER,
    tags=(
        Column("topic", STRING, "", "Topic that is read"),
        Column("partition", INT, "", "Partition that is read"),
    ),
    fields=(
        Column("first_offset", INT, "", "Offset of the first message of the range"),
        Column("next_offset", INT, "", "Offset after the last one that was read of it"),
        Column("read", INT, "short", "Messages of it that were read"),
        Column("on_time", INT, "short", "Events within the out-of-orderness"),
        Column("corrections", INT, "short", "Late events within the allowed lateness"),
        Column("filtered", INT, "short", "Events that the filter or the process left out"),
        Column("dead_lettered", INT, "short", "Messages that became dead letters, late ones too"),
        Column("late", INT, "short", "Events that came past the allowed lateness"),
        Column("unaccounted", INT, "short", "Messages that are none of these: always 0"),
    ),
    description="What became of every message, by ranges of 100,000 offsets",
)
WINDOW_STATE_SIGNAL = Signal(
    WINDOW_STATE,
    SignalKind.WINDOW_STATE,
    WINDOW_STATE,
    tags=(
        Column("window", STRING, "", "The window"),
        Column("group", STRING, "", "Key group"),
    ),
    fields=(
        Column("keys", INT, "short", "Keys that are held"),
        Column("panes", INT, "short", "Open panes, of on-time events and of corrections"),
        Column("bytes", INT, "bytes", "Memory of what is held, about"),
        Column("dropped", INT, "short", "Events that came after the last result they could be in"),
        Column("corrections", INT, "short", "Late events within the allowed lateness"),
        Column("refused", INT, "short", "Events of keys for which there was no room"),
        Column("evicted", INT, "short", "Keys dropped for others, or after their time to live"),
        Column("watermark_ns", INT, "ns", "Watermark of the key group"),
    ),
    description="What each key group holds of each window",
    run_fields=frozenset({"bytes"}),
)

PATTERN_STATE_SIGNAL = Signal(
    PATTERN_STATE,
    SignalKind.PATTERN_STATE,
    PATTERN_STATE,
    tags=(
        Column("pattern", STRING, "", "The pattern"),
        Column("group", STRING, "", "Key group"),
    ),
    fields=(
        Column("matches", INT, "short", "Matches so far"),
        Column("timeouts", INT, "short", "Runs whose time was over, so far, where they are told"),
        Column("dropped", INT, "short", "Runs given up because of a limit, so far"),
        Column("late", INT, "short", "Events that came behind the watermark, so far"),
        Column("refused", INT, "short", "Events for which there was no room to wait, so far"),
        Column("keys", INT, "short", "Keys with an unfinished run"),
        Column("partial_matches", INT, "short", "Unfinished runs, at most"),
        Column("buffered_events", INT, "short", "Events that unfinished runs hold, at most"),
        Column("waiting", INT, "short", "Events that wait for the watermark"),
    ),
    description="What each key group holds of each pattern",
)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Signals by name, and the tags that every record of the pipeline carries."""

    pipeline: str
    signals: Mapping[str, Signal]
    constant_tags: Mapping[str, str]

    def __getitem__(self, name: str) -> Signal:
        return self.signals[name]

    def __iter__(self) -> Iterator[Signal]:
        return iter(self.signals.values())


def catalogue_of(pipeline: Pipeline) -> Catalogue:
    """All signals of a pipeline that `tidegauge check` accepts."""
    signals: dict[str, Signal] = {}
    for name, window in pipeline.windows.items():
        columns = window_columns(pipeline, window)
        signals[name] = _window_signal(name, window, columns)
    for name, anomaly in pipeline.anomalies.items():
        signals[name] = _anomaly_signal(pipeline, name, anomaly.description)
    for name, pattern in pipeline.patterns.items():
        for signal in _pattern_signals(pipeline, name, pattern):
            signals[signal.name] = signal
    for name, source in pipeline.sources.items():
        signals[f"events.{name}"] = _event_signal(name, source, pipeline.tables)
    keys = {column.name: column for signal in signals.values() for column in signal.tags}
    signals[ALERTS] = Signal(
        ALERTS,
        SignalKind.ALERT,
        ALERTS,
        tags=(Column("alert", STRING), Column("level", INT), *keys.values()),
        fields=ALERT_FIELDS,
        description="Life cycle of every alert, rewritten while it is active",
        run_fields=RUN_FIELDS,
    )
    for name, forecast in all_forecasts(pipeline).items():
        signals[name] = _forecast_signal(pipeline, name, forecast)
    for name, prediction in pipeline.predictions.items():
        signals[name] = _prediction_signal(pipeline, name, prediction)
    signals[DEAD_LETTERS] = DEAD_LETTER_SIGNAL
    signals[FLOW] = FLOW_SIGNAL
    signals[WINDOW_STATE] = WINDOW_STATE_SIGNAL
    signals[LEDGER] = LEDGER_SIGNAL
    if pipeline.patterns:
        signals[PATTERN_STATE] = PATTERN_STATE_SIGNAL
    constant = {"pipeline": pipeline.pipeline, **pipeline.labels}
    return Catalogue(pipeline.pipeline, MappingProxyType(signals), MappingProxyType(constant))


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


def sensitive_columns(source: Source, tables: Mapping[str, Table]) -> frozenset[str]:
    """Columns of a source's events, its own and those of tables, of which only hashes are used."""
    columns = read_columns(source, tables)
    return frozenset(name for name, declared in columns.items() if declared.sensitive)


def event_columns(source: Source, tables: Mapping[str, Table] = NO_TABLES) -> dict[str, FieldType]:
    """Columns an event of this source has after decoding, enriching and deriving, and their types.

    Args:
        source: a source of a checked pipeline file.
        tables: tables of the file; a source that is not enriched needs none.
    """
    columns = {name: declared.type for name, declared in read_columns(source, tables).items()}
    for name, sql in source.derive.items():
        columns[name] = compile_scalar(sql, columns).type
    return columns


def window_metadata(window: Window) -> tuple[Column, ...]:
    """What is known of every window of this kind, besides its metrics."""
    return WINDOW_METADATA + (SESSION_METADATA if window.session else ())


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
    return joined if len(sources) == 1 else {**joined, SOURCE: STRING}


def timeouts_of(pattern: str) -> str:
    """Name of the signal and measurement of a pattern's runs whose time was over."""
    return f"{pattern}_timeouts"


def _key_columns(by: list[str], columns: Mapping[str, FieldType]) -> tuple[Column, ...]:
    return tuple(Column(key, columns[key]) for key in by)


def _window_signal(name: str, window: Window, columns: Mapping[str, FieldType]) -> Signal:
    fields = tuple(_window_field(key, declared, columns) for key, declared in window.select.items())
    return Signal(
        name,
        SignalKind.WINDOW,
        name,
        tags=_key_columns(window.by, columns),
        fields=fields + window_metadata(window),
        description=window.description,
        run_fields=RUN_FIELDS,
    )


def _window_field(name: str, declared: WindowField, columns: Mapping[str, FieldType]) -> Column:
    thresholds = declared.thresholds.model_dump(exclude_none=True)
    kind = compile_aggregate(declared.expr, columns).type
    return Column(name, kind, declared.unit, declared.description, MappingProxyType(thresholds))


def _anomaly_signal(pipeline: Pipeline, name: str, description: str) -> Signal:
    anomaly = pipeline.anomalies[name]
    target = anomaly.target
    window = pipeline.windows.get(target)
    columns = (
        window_columns(pipeline, window)
        if window
        else event_columns(pipeline.sources[target], pipeline.tables)
    )
    by = window.by if window else anomaly.by
    return Signal(
        name,
        SignalKind.ANOMALY,
        "anomalies",
        tags=(Column("anomaly", STRING), *_key_columns(by, columns)),
        fields=ANOMALY_FIELDS,
        description=description,
        run_fields=RUN_FIELDS,
    )


def _forecast_signal(pipeline: Pipeline, name: str, forecast: Forecast) -> Signal:
    target, _, field = forecast.on.partition(".")
    window = pipeline.windows[target]
    measured = {key: declared.unit for key, declared in window.select.items()}
    fields = (
        replace(column, unit=measured[field]) if column.type is FLOAT else column
        for column in FORECAST_FIELDS
    )
    return Signal(
        name,
        SignalKind.FORECAST,
        FORECASTS,
        tags=(
            Column("forecast", STRING),
            *_key_columns(window.by, window_columns(pipeline, window)),
        ),
        fields=tuple(fields),
        description=forecast.description,
        run_fields=RUN_FIELDS,
    )


def _prediction_signal(pipeline: Pipeline, name: str, prediction: Prediction) -> Signal:
    window = pipeline.windows[prediction.on]
    value, *others = PREDICTION_FIELDS
    return Signal(
        name,
        SignalKind.PREDICTION,
        PREDICTIONS,
        tags=(
            Column("prediction", STRING),
            *_key_columns(window.by, window_columns(pipeline, window)),
        ),
        fields=(replace(value, unit=prediction.unit), *others),
        description=prediction.description,
        run_fields=RUN_FIELDS,
    )


def _pattern_signals(pipeline: Pipeline, name: str, pattern: Pattern) -> Iterator[Signal]:
    columns = pattern_columns(pipeline, pattern)
    types = measure_types(declared_pattern(name, pattern), pattern, columns)
    measures = tuple(
        Column(
            measure,
            types[measure],
            declared.unit,
            declared.description,
            MappingProxyType(declared.thresholds.model_dump(exclude_none=True)),
        )
        for measure, declared in pattern.measures.items()
    )
    names = [name, *([timeouts_of(name)] if pattern.timeouts else [])]
    for signal in names:
        yield Signal(
            signal,
            SignalKind.MATCH,
            signal,
            tags=_key_columns(pattern.by, columns),
            fields=measures + MATCH_FIELDS,
            description=pattern.description,
            run_fields=RUN_FIELDS,
        )


def _event_signal(name: str, source: Source, tables: Mapping[str, Table]) -> Signal:
    read = read_columns(source, tables)
    fields = tuple(
        Column(key, kind, read[key].unit, read[key].description)
        if key in read
        else Column(key, kind)
        for key, kind in event_columns(source, tables).items()
    )
    return Signal(
        f"events.{name}", SignalKind.EVENT, f"events_{name}", (), fields, "Processed events"
    )
