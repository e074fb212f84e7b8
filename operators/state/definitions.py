"""What matters to the state of each part of a pipeline: what else changes, leaves it as it is."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from operators.alerts.plan import plan_alerts
from operators.detectors.plan import AnomalyPlan, plan_anomalies
from operators.forecasts.plan import ForecastPlan, plan_forecasts
from operators.ordering.plan import PREFIX, merge_orderings
from operators.state.wording import EVENTS
from operators.windows.accumulators import METADATA
from operators.windows.plan import WindowPlan, plan_pipeline_window
from tidegauge.catalogue import event_columns, window_columns
from tidegauge.durations import format_duration_ns
from tidegauge.expressions.aggregates import compile_aggregate
from tidegauge.expressions.scalars import compile_scalar
from tidegauge.spec.kinds import in_words
from tidegauge.spec.models import Pattern, Pipeline, Window
from tidegauge.statedefs import Aspects, Definitions, Remembered

SOURCE, WINDOW, PATTERN = "source", "window", "pattern"
ANOMALY, ALERT, FORECAST = "anomaly", "alert", "forecast"

_NO_STATE = {
    *("description", "threshold", "false_alarms", "direction", "min_deviation"),
    *("on", "by", "detector", "warm_up"),
}
"""What an anomaly says that its state does not depend on, or that is told otherwise."""
_PATTERN_NO_STATE = {"description", "limits", "timeouts", "from_", "measures"}
_WORD = re.compile(r"\w+")


def definitions_of(pipeline: Pipeline) -> Definitions:
    """What the state of a checked pipeline is made for."""
    parts = dict(_parts(pipeline))
    remembered = {key: Remembered(aspects) for key, aspects in parts.items()}
    for name, window in pipeline.windows.items():
        key = f"{WINDOW}:{name}"
        remembered[key] = replace(remembered[key], words=_words(pipeline, window))
    return Definitions(pipeline.pipeline, pipeline.state.key_groups, remembered)


def _parts(pipeline: Pipeline) -> Iterator[tuple[str, Aspects]]:
    for name, source in pipeline.sources.items():
        yield f"{SOURCE}:{name}", {"topic": source.kafka.topic}
    for name, window in pipeline.windows.items():
        yield f"{WINDOW}:{name}", _window(pipeline, name, window)
    for name, pattern in pipeline.patterns.items():
        yield f"{PATTERN}:{name}", _pattern(pipeline, pattern)
    anomalies = plan_anomalies(pipeline)
    alerts = plan_alerts(pipeline)
    for source_name in pipeline.sources:
        needed = [one.ordering for one in anomalies] + [one.ordering for one in alerts]
        for ordering in merge_orderings(needed, source_name):
            columns = _columns(pipeline, source_name)
            used = sorted(ordering.columns | set(ordering.by))
            yield (
                f"{EVENTS}:{ordering.name.removeprefix(PREFIX)}",
                {
                    **_read(pipeline, (source_name,)),
                    **{f"column {column}": columns[column] for column in used if column in columns},
                },
            )
    for anomaly in anomalies:
        yield f"{ANOMALY}:{anomaly.name}", _anomaly(pipeline, anomaly)
    for plan in plan_forecasts(pipeline):
        yield f"{FORECAST}:{plan.name}", _forecast(pipeline, plan)
    for alert in alerts:
        keys = {key: _types(pipeline, alert.reads).get(key, "") for key in alert.by}
        yield f"{ALERT}:{alert.name}", {"of": alert.reads, "keys": _told(keys)}


def _window(pipeline: Pipeline, name: str, window: Window) -> Aspects:
    plan = plan_pipeline_window(pipeline, name)
    return {
        **_read(pipeline, window.from_),
        **_shape(window, pipeline.timezone),
        "keys": [f"{key} {kind}" for key, kind in plan.by.items()],
        "aggregates": sorted(_kept(plan)),
        "condition": plan.where_sql,
        "lateness": format_duration_ns(plan.lateness_ns),
        "columns": _told(_used(pipeline, window)),
    }


def _shape(window: Window, timezone: str) -> Aspects:
    early = f", early every {format_duration_ns(window.early)}" if window.early else ""
    shape = {"size": f"{in_words(window)}{early}"}
    return {**shape, "time zone": timezone} if window.cumulative else shape


def _words(pipeline: Pipeline, window: Window) -> dict[str, str]:
    """What aggregates are taken of, as it was written, by how the plan has it."""
    types = window_columns(pipeline, window)
    calls = [
        call
        for field in window.select.values()
        for call in compile_aggregate(field.expr, types).calls
    ]
    found = {call.argument.sql: call.written for call in calls if call.argument is not None}
    return {sql: written for sql, written in found.items() if sql != written}


def _kept(plan: WindowPlan) -> Iterator[str]:
    for held in plan.accumulators[len(METADATA) :]:
        yield f"{held.name.lstrip('_')} {'int' if held.integer else 'float'}"
    for table in plan.tables:
        yield table.name.lstrip("_")


def _anomaly(pipeline: Pipeline, plan: AnomalyPlan) -> Aspects:
    target = plan.anomaly.target
    given = plan.anomaly.model_dump(mode="json", exclude=_NO_STATE)
    types = _types(pipeline, target)
    about: dict[str, str | list[str]] = {
        "of": plan.anomaly.watched,
        "detector": plan.anomaly.judged_by,
        "warm up": str(plan.anomaly.warmed_up),
        "keys": [f"{key} {types.get(key, '')}" for key in plan.by],
    }
    window = pipeline.windows.get(target)
    if window is None:
        about |= _read(pipeline, (target,))
        columns = _columns(pipeline, target)
        about["columns"] = [f"{name} {columns[name]}" for name in plan.anomaly.fields]
    else:
        about |= _read(pipeline, window.from_)
        about |= _shape(window, pipeline.timezone)
        about["condition"] = window.where or ""
        judged = [name for name in plan.anomaly.fields if name in window.select]
        about["fields"] = [window.select[name].expr for name in judged]
        about["columns"] = _told(_used(pipeline, window, judged))
    return {**about, **_texts(given)}


def _forecast(pipeline: Pipeline, plan: ForecastPlan) -> Aspects:
    window = pipeline.windows[plan.window]
    types = _types(pipeline, plan.window)
    config = plan.config
    return {
        **_read(pipeline, window.from_),
        **_shape(window, pipeline.timezone),
        "of": f"{plan.window}.{plan.field}",
        "keys": [f"{key} {types.get(key, '')}" for key in plan.by],
        "condition": window.where or "",
        "field": window.select[plan.field].expr,
        "columns": _told(_used(pipeline, window, [plan.field])),
        "steps": f"{config.ahead} of {format_duration_ns(config.cell_ns)}",
    }


def _pattern(pipeline: Pipeline, pattern: Pattern) -> Aspects:
    given = pattern.model_dump(mode="json", exclude=_PATTERN_NO_STATE)
    measures = {name: measure.expr for name, measure in pattern.measures.items()}
    texts = [*pattern.define.values(), *measures.values(), *pattern.by]
    named = set(_WORD.findall(" ".join(texts)))
    columns = {
        f"{source}.{name}": made
        for source in pattern.from_
        for name, made in _columns(pipeline, source).items()
        if name in named
    }
    told = {**_read(pipeline, pattern.from_), **_texts({**given, "measures": measures})}
    return {**told, "columns": _told(columns)}


def _read(pipeline: Pipeline, sources: Iterable[str]) -> dict[str, str | list[str]]:
    return {"sources": [f"{one} ({pipeline.sources[one].kafka.topic})" for one in sources]}


def _types(pipeline: Pipeline, target: str) -> dict[str, str]:
    """Types of what can be a key of a window, or of an anomaly on it, or of a source."""
    if target in pipeline.anomalies:
        target = pipeline.anomalies[target].target
    window = pipeline.windows.get(target)
    if window is not None:
        return {key: str(kind) for key, kind in window_columns(pipeline, window).items()}
    source = pipeline.sources.get(target)
    columns = event_columns(source, pipeline.tables) if source else {}
    return {key: str(kind) for key, kind in columns.items()}


def _used(
    pipeline: Pipeline, window: Window, fields: Iterable[str] | None = None
) -> dict[str, str]:
    """Columns that fields of a window (or all, and its condition) are made of, as declared."""
    types = window_columns(pipeline, window)
    names: set[str] = set()
    for field in window.select if fields is None else fields:
        aggregate = compile_aggregate(window.select[field].expr, types)
        for call in aggregate.calls:
            names |= call.argument.columns if call.argument else set()
    if window.where:
        names |= compile_scalar(window.where, types).columns
    found: dict[str, str] = {}
    for source in window.from_:
        columns = _columns(pipeline, source)
        for name in sorted(names & columns.keys()):
            label = name if len(window.from_) == 1 else f"{source}.{name}"
            found[label] = columns[name]
    return found


def _columns(pipeline: Pipeline, source_name: str) -> dict[str, str]:
    """Type of each column of a source, and for a derived one the whole way it is made."""
    source = pipeline.sources[source_name]
    types = event_columns(source, pipeline.tables)
    made = {name: str(kind) for name, kind in types.items()}
    for name, sql in source.derive.items():
        used = compile_scalar(sql, types).columns
        inner = [f"{one} {made[one]}" for one in sorted(used) if one in made and one != name]
        made[name] = f"{types[name]} = {sql}" + (f" of {', '.join(inner)}" if inner else "")
    return made


def _told(columns: Mapping[str, str]) -> list[str]:
    return [f"{name} {made}" for name, made in sorted(columns.items())]


def _texts(given: Mapping[str, object]) -> dict[str, str | list[str]]:
    return {
        name.replace("_", " ").strip(): [f"{key}: {one}" for key, one in sorted(value.items())]
        if isinstance(value, dict)
        else str(value)
        for name, value in given.items()
    }
