"""A draft as the text of a pipeline file, with comments."""

import re
from collections.abc import Iterator

from tidegauge.durations import format_duration_ns
from tidegauge.fieldtypes import FieldType
from tidegauge.spec.inference.disorder import LONGEST_WAIT_NS
from tidegauge.spec.inference.draft import WINDOW_SIZE, Draft, Key
from tidegauge.spec.inference.fields import FieldProfile
from tidegauge.spec.inference.yaml_text import comment, scalar
from tidegauge.spec.models import NAME_PATTERN

MOST_LEFT_OUT = 20
_MS = 1_000_000


def render(draft: Draft, schema: str, seen: str) -> str:
    """The text of the file.

    Args:
        draft: what it says.
        schema: path of the JSON Schema as seen from the file, for editors.
        seen: what the draft was made from, in a few words.
    """
    sections = (
        _head(draft, schema, seen),
        _source(draft),
        _window(draft),
        _finds(draft),
        _output(draft),
    )
    return "\n\n".join("\n".join(section) for section in sections) + "\n"


def describe(field: FieldProfile) -> str:
    """What was seen of the values of a field."""
    if field.low is not None and field.high is not None:
        low, high = (_number(value, field.type) for value in (field.low, field.high))
        about = f"{low} to {high}" if low != high else f"always {low}"
    elif field.type is FieldType.STRING:
        about = "1 value" if field.distinct == 1 else f"{field.distinct:,} different values"
    else:
        about = ""
    strays = f"{field.strays:,} of another type" if field.strays else ""
    return ", ".join(filter(None, [about, strays]))


def _number(value: float, kind: FieldType | None) -> str:
    return f"{value:,}" if kind is FieldType.INT else f"{value:,.6g}"


def precise(duration_ns: int) -> str:
    """A duration in whole milliseconds, rounded up."""
    return format_duration_ns(-(-duration_ns // _MS) * _MS)


def _head(draft: Draft, schema: str, seen: str) -> Iterator[str]:
    yield f"# yaml-language-server: $schema={comment(schema, 1_000)}"
    yield comment(f"# A first pipeline over the topic {draft.topic}, made from {seen}.")
    yield "# Correct what you know better: units, meanings, what is worth an alert."
    yield "version: 1"
    yield f"pipeline: {scalar(draft.pipeline)}"


def _source(draft: Draft) -> Iterator[str]:
    yield "sources:"
    yield f"  {scalar(draft.source)}:"
    yield f"    kafka: {{topic: {scalar(draft.topic)}, format: json}}"
    yield "    event_time:"
    yield from _event_time(draft)
    yield "    # Other types make a dead letter. An int refuses 1.5, a float takes 1."
    yield "    fields:" if draft.fields else "    fields: {}"
    for field in draft.fields:
        about = describe(field)
        end = f"  # {about}" if about else ""
        yield f"      {scalar(field.name)}: {{type: {field.type}}}{end}"
    yield from _left_out(draft)
    if draft.key and draft.key.column != draft.key.field:
        column = '"' + draft.key.field.replace('"', '""') + '"'
        yield "    derive:"
        yield comment(f"      # Records have a column {draft.key.field} of their own.")
        yield f"      {scalar(draft.key.column)}: {scalar(column)}"


def _event_time(draft: Draft) -> Iterator[str]:
    disorder, event_time = draft.disorder, draft.event_time
    if event_time is None:
        yield "      # CHANGE THIS: no event time was found. Name the field that tells when an"
        yield "      # event happened, and its format: iso8601, epoch_s, _ms, _us or _ns."
    elif not event_time.zoned:
        yield "      # It tells no time zone, so it is read as UTC."
    yield f"      field: {scalar(draft.time_field)}"
    yield f"      format: {event_time.format if event_time else 'iso8601'}"
    if event_time:
        most = precise(disorder.most_ns)
        yield f"      # Seen: up to {most} behind the newest event of the same partition."
    if disorder.most_ns > LONGEST_WAIT_NS:
        yield "      # To wait so long would delay every result; what is late corrects it instead."
    yield f"      out_of_orderness: {format_duration_ns(disorder.out_of_orderness_ns)}"
    yield "      # Events later than that, by at most this, correct a result that is out."
    yield f"      lateness: {format_duration_ns(disorder.lateness_ns)}"
    yield "      # A partition that is silent for so long does not hold the others back."
    yield "      idle_after: 10s"
    if disorder.ahead_ns:
        yield (
            f"      # Seen: {precise(disorder.ahead_ns)} ahead of their Kafka timestamps. "
            "A time zone, or a clock?"
        )
        yield f"      max_future: {format_duration_ns(disorder.max_future_ns)}"


def _left_out(draft: Draft) -> Iterator[str]:
    if draft.left_out:
        yield "    # Left out:"
    for name, why in list(draft.left_out.items())[:MOST_LEFT_OUT]:
        yield f"    #   {comment(name or repr(name), 40)}: {comment(why)}"
    further = len(draft.left_out) - MOST_LEFT_OUT
    if further > 0:
        yield f"    #   and {further:,} more"


def _window(draft: Draft) -> Iterator[str]:
    yield "windows:"
    yield f"  {scalar(draft.window)}:"
    yield f"    from: {scalar(draft.source)}"
    yield f"    tumbling: {{size: {WINDOW_SIZE}}}"
    if draft.key:
        yield f"    by: [{scalar(draft.key.column)}]"
    else:
        yield "    # by: [column]  # one window for each of its values; none was found that repeats"
    yield "    select:"
    for metric in draft.metrics:
        yield f"      {scalar(metric.name)}: {scalar(metric.expr)}"


def _finds(draft: Draft) -> Iterator[str]:
    anomaly = f"unusual_{draft.watched}"
    yield "anomalies:"
    yield f"  {anomaly}:"
    yield f"    on: {draft.window}.{draft.watched}"
    yield "    # min_deviation: 1  # what is nearer to the expected than this is never an anomaly"
    yield ""
    yield "alerts:"
    yield f"  odd_{draft.watched}:"
    yield f'    when: "anomaly({anomaly})"'
    yield f"    level: 6  # 1 to 10; above 7 it also goes to {draft.critical_topic}"
    yield f"    summary: {scalar(_summary(draft.key, draft.watched))}"


def _summary(key: Key | None, watched: str) -> str:
    """A placeholder is a name of ours: a column of another name cannot be in it."""
    where = f"{{{key.column}}}: " if key and re.fullmatch(NAME_PATTERN, key.column) else ""
    return f"{where}{watched} is {{value}}, which is unusual"


def _output(draft: Draft) -> Iterator[str]:
    yield "output:"
    yield f"  influxdb: {{bucket: {scalar(draft.pipeline)}, retention: 30d}}"
    critical = (
        f", critical_topic: {scalar(draft.critical_topic)}"
        if draft.critical_topic != "critical-alerts"
        else ""
    )
    yield f"  kafka: {{topic: {scalar(draft.records_topic)}{critical}}}"
