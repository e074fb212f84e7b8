"""What the flow would make of refused messages if they came again now."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from connectors.codecs.json_columns import JsonColumns
from connectors.kafka.letters.handling import Resent
from connectors.kafka.to_end import Place, TopicReader, UnreadError
from operators.intake.intake import Intake, IntakeState
from operators.intake.plan import IntakePlan, plan_intake
from operators.progress.board import ProgressBoard
from tidegauge.batch import NO_TIME, RawBatch
from tidegauge.catalogue import held_columns
from tidegauge.errors import UserMistake
from tidegauge.spec.models import Pipeline

TAIL = 1_000
"""The newest messages of a partition, which tell how far its event time has come."""


@dataclass(frozen=True, slots=True)
class Prospect:
    """What would become of a message.

    Attributes:
        kind: of the dead letter that it would become again; empty where it would be taken.
        reason: why.
    """

    kind: str = ""
    reason: str = ""

    @property
    def good(self) -> bool:
        """Whether it would be taken."""
        return not self.kind


GOOD = Prospect()


class Prospects:
    """Judges messages as the flow's intake does, against the newest messages of their partition.

    Whether a message is late is sure where it is told: event time only goes on. Filters, tables,
    derived columns and `process` are left out, so one that `process` refused counts as good.

    Args:
        pipeline: the pipeline, as it is now.
        client: configuration of the Kafka client, with `bootstrap.servers`.
        timeout_s: how long the broker may take to answer.
    """

    def __init__(self, pipeline: Pipeline, client: Mapping[str, Any], timeout_s: float) -> None:
        self._plans = bare_plans(pipeline)
        self._client = client
        self._timeout_s = timeout_s

    def of(self, messages: Sequence[Resent], now_ms: int) -> list[Prospect]:
        """The prospect of each message, if they are sent in this order at `now_ms`.

        Raises:
            UserMistake: the broker does not give the newest messages.
        """
        found = [GOOD] * len(messages)
        by_place: dict[Place, list[int]] = {}
        for number, one in enumerate(messages):
            by_place.setdefault((one.entry.letter.topic, one.partition), []).append(number)
        with closing(TopicReader(self._client, self._timeout_s)) as reader:
            for place, numbers in by_place.items():
                plan = self._plans.get(place[0])
                if plan is None:
                    other = f"the pipeline file reads no topic {place[0]!r}"
                    found = [
                        Prospect("unread", other) if number in numbers else one
                        for number, one in enumerate(found)
                    ]
                    continue
                high_ns = _high_ns(reader, place, plan)
                values = [messages[number].value for number in numbers]
                for at, prospect in _judged(plan, high_ns, values, now_ms).items():
                    found[numbers[at]] = prospect
        return found


def bare_plans(pipeline: Pipeline) -> dict[str, IntakePlan]:
    """How the messages of each topic are decoded, without all that is made of them."""
    plans = {}
    for name, source in pipeline.sources.items():
        bare = source.model_copy(
            update={"enrich": {}, "derive": {}, "filter": None, "process": None}
        )
        # Nothing of the values is kept, so they need no hash.
        plans[source.kafka.topic] = plan_intake(
            name,
            bare,
            JsonColumns,
            zone=ZoneInfo(pipeline.timezone),
            hash_text=str,
            held=held_columns(pipeline, name),
        )
    return plans


def _intake(plan: IntakePlan, high_ns: int) -> Intake:
    return Intake(plan, 0, 1, ProgressBoard(), IntakeState(high_ns))


def _judged(
    plan: IntakePlan, high_ns: int, values: list[bytes | None], now_ms: int
) -> dict[int, Prospect]:
    """Those that would be refused, by their place."""
    raw = RawBatch(values, range(len(values)), [now_ms] * len(values))
    dead = _intake(plan, high_ns).take(raw).dead_letters
    return {
        offset: Prospect(kind, reason)
        for offset, kind, reason in dead.select("offset", "kind", "reason").rows()
    }


def _high_ns(reader: TopicReader, place: Place, plan: IntakePlan) -> int:
    """Highest event time of the newest messages."""
    try:
        if place not in reader.partitions(place[0]):
            return NO_TIME
        low, end = reader.range(place)
        reader.begin({place: max(low, end - TAIL)})
        messages = list(reader.to_end())
    except UnreadError as error:
        raise UserMistake(
            f"Kafka topic {place[0]!r} was not read to its end ({error}); see whether the broker is"
            " well and lets this client read it"
        ) from None
    intake = _intake(plan, NO_TIME)
    if messages:
        stamps = [message.timestamp()[1] for message in messages]
        offsets = [message.offset() or 0 for message in messages]
        intake.take(RawBatch([message.value() for message in messages], offsets, stamps))
    return intake.state.high_ns
