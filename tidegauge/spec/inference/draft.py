"""A sensible first pipeline over a topic: what goes into its file, before it is written down."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tidegauge.fieldtypes import FieldType
from tidegauge.spec.checks import check
from tidegauge.spec.inference.disorder import Disorder, measure_disorder
from tidegauge.spec.inference.event_time import EventTimeGuess, find_event_time
from tidegauge.spec.inference.fields import FieldProfile, profile_fields
from tidegauge.spec.inference.identifiers import can_be_quoted
from tidegauge.spec.inference.keys import choose_key
from tidegauge.spec.inference.metrics import Metric, averaged, choose_metrics
from tidegauge.spec.inference.names import name_of, pipeline_name, unique
from tidegauge.spec.inference.sample import Sample
from tidegauge.spec.models import EventTime, KafkaInput, KafkaOutput, Pipeline, Source, SourceField

MOST_FIELDS = 100
WINDOW_SIZE = "10s"
_TIME_FIELD = "event_time"
"""Stands in the file where no event time was found."""


@dataclass(frozen=True, slots=True)
class Key:
    """The key column: a field, or a column derived from it where a record has that name already."""

    field: str
    column: str


@dataclass(frozen=True, slots=True)
class Draft:
    """What a first pipeline file says.

    Attributes:
        topic: topic to read.
        pipeline: name of the pipeline.
        source: name of its source.
        window: name of its window.
        event_time: the event time, or None where none was found.
        time_field: field of the event time; a stand-in where none was found.
        disorder: disorder of the topic.
        fields: fields that are read.
        left_out: fields that are not, and why.
        key: key column of the window, or None.
        metrics: metrics of the window.
        watched: the metric that the anomaly is on.
        records_topic: topic of all records.
        critical_topic: topic of urgent alerts.
    """

    topic: str
    pipeline: str
    source: str
    window: str
    event_time: EventTimeGuess | None
    time_field: str
    disorder: Disorder
    fields: Sequence[FieldProfile]
    left_out: Mapping[str, str]
    key: Key | None
    metrics: Sequence[Metric]
    watched: str
    records_topic: str
    critical_topic: str


def draft_pipeline(topic: str, sample: Sample) -> Draft:
    """Infer a pipeline from JSON objects of a topic."""
    profiles = profile_fields(sample.values())
    event_time = find_event_time(sample, [profile.name for profile in profiles])
    time_field = event_time.field if event_time else _stand_in(profiles)
    candidates = [profile for profile in profiles if profile.name != time_field]
    left_out = _left_out(candidates)
    fields = [profile for profile in candidates if profile.name not in left_out]
    named = [profile for profile in fields if can_be_quoted(profile.name)]
    source = name_of(topic, "topic")
    key = _key(choose_key(sample.values(), named), [profile.name for profile in fields])
    metrics = choose_metrics(named, taken=[key.column] if key else [])
    pipeline = pipeline_name(topic)
    return Draft(
        topic=topic,
        pipeline=pipeline,
        source=source,
        window=f"{source}_{WINDOW_SIZE}",
        event_time=event_time,
        time_field=time_field,
        disorder=measure_disorder(event_time.moments if event_time else {}),
        fields=fields,
        left_out=left_out,
        key=key,
        metrics=metrics,
        watched=metrics[1 if averaged(named) else 0].name,
        records_topic=_output("topic", f"{pipeline}-records", topic),
        critical_topic=_output("critical_topic", f"{pipeline}-critical", topic),
    )


def _stand_in(profiles: Sequence[FieldProfile]) -> str:
    return unique(_TIME_FIELD, [profile.name for profile in profiles])


def _left_out(profiles: Sequence[FieldProfile]) -> dict[str, str]:
    """Fields that cannot be read, or that the checks of the pipeline file refuse, and why."""
    readable = {profile.name: profile.type for profile in profiles if profile.type}
    refused = _refused(readable)
    most_seen = sorted(
        (profile for profile in profiles if profile.name in readable.keys() - refused.keys()),
        key=lambda profile: -profile.seen,
    )
    too_many = {profile.name for profile in most_seen[MOST_FIELDS:]}
    left_out = {}
    for profile in profiles:
        if profile.type is None:
            left_out[profile.name] = profile.why
        elif profile.name in refused:
            left_out[profile.name] = refused[profile.name]
        elif profile.name in too_many:
            left_out[profile.name] = f"the {MOST_FIELDS} fields seen most often are here"
    return left_out


def _refused(fields: Mapping[str, FieldType]) -> dict[str, str]:
    declared = {name: SourceField(type=kind) for name, kind in fields.items()}
    time = EventTime(field=unique(_TIME_FIELD, fields))
    source = Source(kafka=KafkaInput(topic="topic"), event_time=time, fields=declared)
    pipeline = Pipeline(version=1, pipeline="draft", sources={"source": source})
    problems = check(pipeline, Path())
    return {str(found.path[3]): found.message for found in problems if "fields" in found.path}


def _key(field: FieldProfile | None, fields: Sequence[str]) -> Key | None:
    """The field itself, or a column of another name where records have one of its name."""
    if field is None:
        return None
    key = Key(field.name, field.name)
    if _is_free(key.column):
        return key
    return replace(key, column=unique(f"{name_of(field.name, 'field')}_key", fields))


def _is_free(column: str) -> bool:
    """Whether the checks of the pipeline file take this for a key."""
    pipeline = Pipeline.model_validate(
        {
            "version": 1,
            "pipeline": "draft",
            "sources": {
                "s": {
                    "kafka": {"topic": "topic"},
                    "event_time": {"field": f"{column}_"},
                    "fields": {column: {"type": "string"}},
                }
            },
            "windows": {
                "w": {
                    "from": "s",
                    "tumbling": {"size": WINDOW_SIZE},
                    "by": [column],
                    "select": {"a_metric_of_our_own": "count(*)"},
                }
            },
            "anomalies": {"unusual": {"on": "w.a_metric_of_our_own"}},
            "alerts": {"odd": {"when": "anomaly(unusual)"}},
        }
    )
    return not check(pipeline, Path())


def _output(key: str, otherwise: str, topic: str) -> str:
    """The usual topic, unless it is the one that is read."""
    usual: str = KafkaOutput.model_fields[key].default
    return usual if usual != topic else otherwise


__all__ = ["Draft", "Key", "draft_pipeline"]
