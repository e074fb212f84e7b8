"""Events that InfluxDB would refuse, because they are older than the bucket keeps records."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from connectors.influxdb.retention import kept_ns
from connectors.kafka.sample import TopicSample, read_sample
from connectors.recovery.store import opened
from dataflows.checks.prospects import bare_plans
from operators.intake.decode import decode
from operators.intake.plan import IntakePlan
from tidegauge.batch import TIME
from tidegauge.durations import UNITS_NS, format_duration_ns
from tidegauge.errors import UserMistake
from tidegauge.settings import Settings
from tidegauge.spec.models import Pipeline

SAMPLED = 1_000
"""Most messages that are looked at in each topic: the oldest and the newest of each partition."""


def too_old(pipeline: Pipeline, settings: Settings, now_ns: int) -> Iterator[str]:
    """A line for each topic that is read from its start and has events older than the retention.

    A topic that is empty or cannot be read has none.

    Args:
        pipeline: the pipeline.
        settings: where the broker is, and whether records go into InfluxDB at all.
        now_ns: the time.
    """
    if settings.store is None:
        yield from too_old_among(pipeline, settings, partial(_sample, settings), now_ns)


def too_old_among(
    pipeline: Pipeline,
    settings: Settings,
    sample_of: Callable[[str], TopicSample | None],
    now_ns: int,
) -> Iterator[str]:
    """As `too_old`, of a flow into InfluxDB.

    Args:
        pipeline: the pipeline.
        settings: where InfluxDB is.
        sample_of: messages of a topic, the oldest among them; None where there are none.
        now_ns: the time.
    """
    influxdb = pipeline.output.influxdb
    retention_ns = kept_ns(settings, influxdb) if influxdb else 0
    if not retention_ns:
        return
    since_ns = now_ns - retention_ns
    plans = bare_plans(pipeline)
    for source in pipeline.sources.values():
        topic = source.kafka.topic
        if source.kafka.start != "earliest":
            continue
        oldest_ns = _oldest_ns(plans[topic], sample_of(topic))
        if oldest_ns is not None and oldest_ns < since_ns:
            days = (now_ns - oldest_ns) // UNITS_NS["d"] + 2
            yield (
                f"output.influxdb.retention {_days(retention_ns)}: topic"
                f" {topic!r} has events of {_text(oldest_ns)}; InfluxDB refuses records from before"
                f" {_text(since_ns)}, which become dead letters: set retention to {days}d, or to 0s"
                " to keep them for ever, or read from kafka.start: latest"
            )


def is_first_run(folder: Path | None) -> bool:
    """Whether a flow would not go on from saved positions.

    Args:
        folder: the recovery directory; None where nothing is saved.
    """
    if folder is None:
        return True
    try:
        with opened(folder) as store:
            return store.moment().execution is None
    except UserMistake:
        return False


def _sample(settings: Settings, topic: str) -> TopicSample | None:
    with suppress(UserMistake):
        return read_sample(settings, topic, SAMPLED)
    return None


def _oldest_ns(plan: IntakePlan, sample: TopicSample | None) -> int | None:
    frames = [decode(plan, raw).frame for raw in sample.partitions.values()] if sample else []
    times = [least for frame in frames if isinstance(least := frame[TIME].min(), int)]
    return min(times, default=None)


def _days(duration_ns: int) -> str:
    days, rest = divmod(duration_ns, UNITS_NS["d"])
    return format_duration_ns(duration_ns) if rest else f"{days}d"


def _text(time_ns: int) -> str:
    # Seconds are enough to know it by.
    moment = datetime.fromtimestamp(time_ns // UNITS_NS["s"], UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}Z"
