"""What `tidegauge check --live` says of event times that seem to be in another unit."""

from zoneinfo import ZoneInfo

from connectors.codecs.json_columns import JsonColumns
from connectors.kafka.sample import TopicSample
from operators.intake.intake import Intake, IntakeState
from operators.intake.plan import plan_intake, telling
from operators.progress.board import ProgressBoard
from tidegauge.spec.models import Source

_NONE = "no event time: "


def time_doubts(name: str, source: Source, timezone: str, read: TopicSample) -> list[str]:
    """Warnings about a source whose event times another unit would make plausible.

    What else is done to a message does not matter here.

    Args:
        name: of the source.
        source: its declaration.
        timezone: that of the pipeline.
        read: messages of its topic.
    """
    bare = source.model_copy(update={"enrich": {}, "derive": {}, "filter": None, "process": None})
    found: list[str] = []
    plan = plan_intake(name, bare, JsonColumns, zone=ZoneInfo(timezone), hash_text=str)
    plan = telling(plan, found.append)
    unread: list[str] = []
    for number, raw in read.partitions.items():
        taking = Intake(plan, number, read.partition_count, ProgressBoard(), IntakeState())
        letters = taking.take(raw).dead_letters.select("kind", "reason").rows()
        unread += [reason for kind, reason in letters if _about_time(source, kind, reason)]
    about = f"sources.{name}.event_time: {len(unread)} of {read.messages:,} messages have"
    found += [f"{about} {_NONE}{reason.removeprefix(_NONE)}" for reason in unread[:1]]
    return found


def _about_time(source: Source, kind: str, reason: str) -> bool:
    """Whether a message is refused for its event time."""
    field = source.event_time.field
    return kind == "no_event_time" or (kind == "wrong_type" and reason.startswith(f"{field} is "))
