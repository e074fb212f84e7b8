"""What `tidegauge check --live` says: a file held against its topics and its bucket."""

from collections.abc import Iterator

from connectors.kafka.client import preflight
from connectors.kafka.sample import read_sample, unreadable_lines
from connectors.kafka.topics import senders_may_be_ahead_ms
from dataflows.checks.old_events import too_old_among
from tidegauge.cli._live_bucket import bucket_lines
from tidegauge.cli._live_fields import absent_fields
from tidegauge.cli._live_series import series_of
from tidegauge.cli._live_times import time_doubts
from tidegauge.durations import format_duration_ns
from tidegauge.settings import Settings
from tidegauge.spec.models import Pipeline, Source

_MS = 1_000_000
_YEAR_NS = 366 * 86_400 * 1_000_000_000
SAMPLED = 50_000
"""Most messages that are looked at in each topic."""


def live_lines(pipeline: Pipeline, settings: Settings, now_ns: int) -> Iterator[tuple[str, bool]]:
    """Lines, and whether each is a warning.

    Args:
        pipeline: the pipeline.
        settings: where the servers are.
        now_ns: the time.

    Raises:
        UserMistake: the broker does not answer, or a topic does not exist or is empty.
    """
    samples = {
        name: read_sample(settings, source.kafka.topic, SAMPLED)
        for name, source in pipeline.sources.items()
    }
    if settings.store is None:
        of_topic = {pipeline.sources[name].kafka.topic: read for name, read in samples.items()}
        old = too_old_among(pipeline, settings, of_topic.get, now_ns)
        yield from ((line, True) for line in old)
    admin = preflight(settings)
    for name, read in samples.items():
        source = pipeline.sources[name]
        ahead_ms = senders_may_be_ahead_ms(admin, source.kafka.topic, settings.start_timeout_s)
        yield from ((line, True) for line in senders_clocks(name, source, ahead_ms))
        lines = unreadable_lines(source.kafka.topic, read.unreadable)
        lines += absent_fields(name, source, read)
        lines += time_doubts(name, source, pipeline.timezone, read)
        yield from ((line, True) for line in lines)
    yield from bucket_lines(pipeline, settings)
    yield from series_of(pipeline, samples)


def senders_clocks(name: str, source: Source, ahead_ms: int | None) -> Iterator[str]:
    """A warning where a source's senders may set Kafka timestamps further ahead than `max_future`.

    Args:
        name: of the source.
        source: its declaration.
        ahead_ms: how far senders may be ahead; None where that is not known.
    """
    allowed_ns = source.event_time.max_future
    if ahead_ms is None or ahead_ms * _MS <= allowed_ns:
        return
    far = format_duration_ns(ahead_ms * _MS)
    bound = "as far as they like" if ahead_ms * _MS > _YEAR_NS else f"up to {far}"
    yield (
        f"sources.{name}: topic {source.kafka.topic!r} takes Kafka timestamps from its senders"
        f" (message.timestamp.type=CreateTime), ahead of the broker's clock {bound}: one who sets"
        " event times and timestamps ahead moves the time of all in a run to the end of the topic;"
        " a running flow holds them against its clock; let the broker set timestamps"
        " (message.timestamp.type=LogAppendTime), or refuse those"
        f" (message.timestamp.after.max.ms={allowed_ns // _MS})"
    )
