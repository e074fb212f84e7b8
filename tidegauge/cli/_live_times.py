"""What `tidegauge check --live` says of event times that seem to be in another unit."""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from connectors.codecs.json_columns import JsonColumns
from connectors.kafka.sample import TopicSample, read_sample
from operators.intake.intake import Intake, IntakeState
from operators.intake.plan import plan_intake, telling
from operators.progress.board import ProgressBoard
from tidegauge.settings import Settings
from tidegauge.spec.models import Pipeline, Source

SAMPLED = 1_000
"""Most messages that are looked at in each topic."""
_ALL_REFUSED = "no_event_time"


def doubts_of(pipeline: Pipeline, settings: Settings) -> Iterator[tuple[str, bool]]:
    """A warning for each source whose event times another unit would make plausible.

    Raises:
        UserMistake: the broker does not answer, or a topic does not exist or is empty.
    """
    for name, source in pipeline.sources.items():
        read = read_sample(settings, source.kafka.topic, SAMPLED)
        for line in _doubts(name, source, pipeline.timezone, read):
            yield line, True


def _doubts(name: str, source: Source, timezone: str, read: TopicSample) -> list[str]:
    """Lines about the times alone: what else is done to a message does not matter here."""
    bare = source.model_copy(update={"enrich": {}, "derive": {}, "filter": None, "process": None})
    found: list[str] = []
    plan = plan_intake(name, bare, JsonColumns, zone=ZoneInfo(timezone), hash_text=str)
    plan = telling(plan, found.append)
    unread: list[str] = []
    for number, raw in read.partitions.items():
        taking = Intake(plan, number, read.partition_count, ProgressBoard(), IntakeState())
        letters = taking.take(raw).dead_letters.select("kind", "reason").rows()
        unread += [reason for kind, reason in letters if kind == _ALL_REFUSED]
    found += [
        f"sources.{name}.event_time: {len(unread)} of {read.messages:,} messages have {reason}"
        for reason in unread[:1]
    ]
    return found
