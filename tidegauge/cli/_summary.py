"""What a pipeline is, in a few rows."""

from collections.abc import Iterator

from tidegauge.catalogue import event_columns
from tidegauge.durations import format_duration_ns
from tidegauge.forecasts import all_forecasts
from tidegauge.spec.kinds import in_words
from tidegauge.spec.models import Anomaly, Pipeline, Window


def rows(pipeline: Pipeline) -> Iterator[tuple[str, str, str, str]]:
    """Kind, name, what it is about, and what comes out, for each part of a pipeline."""
    for name, source in pipeline.sources.items():
        columns = event_columns(source, pipeline.tables)
        yield "source", name, f"topic {source.kafka.topic}", ", ".join(columns)
    for name, table in pipeline.tables.items():
        origin = f"topic {table.kafka.topic}" if table.kafka else f"file {table.file}"
        yield "table", name, f"{origin} by {table.key}", ", ".join(table.fields)
    for name, window in pipeline.windows.items():
        yield "window", name, _window(window), ", ".join(window.select)
    for name, anomaly in pipeline.anomalies.items():
        by = f" by {', '.join(anomaly.by)}" if anomaly.by else ""
        yield "anomaly", name, f"on {anomaly.watched}{by}", _told_by(anomaly)
    for name, forecast in all_forecasts(pipeline).items():
        ahead = f"on {forecast.on}, {format_duration_ns(forecast.horizon)} ahead"
        yield "forecast", name, ahead, f"with a band of {forecast.band:.1%}"
    for name, prediction in pipeline.predictions.items():
        yield "prediction", name, f"on {prediction.on}", f"by {prediction.model}"
    for name, pattern in pipeline.patterns.items():
        by = f" by {', '.join(pattern.by)}" if pattern.by else ""
        within = f" within {format_duration_ns(pattern.within)}" if pattern.within else ""
        about = f"{' and '.join(pattern.from_)}, {pattern.match}{within}{by}"
        yield "pattern", name, about, ", ".join(pattern.measures)
    for name, alert in pipeline.alerts.items():
        where = f" where {alert.where}" if alert.where else ""
        held = f" for {format_duration_ns(alert.for_)}" if alert.for_ else ""
        yield "alert", name, f"{alert.when}{where}{held}", f"level {alert.level}"


def _told_by(anomaly: Anomaly) -> str:
    if anomaly.judged_by == "robust_z":
        return f"beyond {anomaly.threshold:g} σ"
    return f"{anomaly.judged_by}, {anomaly.false_alarms:g} false alarms a week"


def _window(window: Window) -> str:
    by = f" by {', '.join(window.by)}" if window.by else ""
    sources = " and ".join(window.from_)
    return f"{sources}, {in_words(window)}{by}"
