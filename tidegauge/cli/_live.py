"""What `tidegauge check --live` says: a file held against its topics and its bucket."""

from collections.abc import Iterator

from connectors.kafka.sample import read_sample, unreadable_lines
from dataflows.checks.old_events import too_old_among
from tidegauge.cli._live_bucket import bucket_lines
from tidegauge.cli._live_fields import absent_fields
from tidegauge.cli._live_series import series_of
from tidegauge.cli._live_times import time_doubts
from tidegauge.settings import Settings
from tidegauge.spec.models import Pipeline

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
    for name, read in samples.items():
        source = pipeline.sources[name]
        lines = unreadable_lines(source.kafka.topic, read.unreadable)
        lines += absent_fields(name, source, read)
        lines += time_doubts(name, source, pipeline.timezone, read)
        yield from ((line, True) for line in lines)
    yield from bucket_lines(pipeline, settings)
    yield from series_of(pipeline, samples)
