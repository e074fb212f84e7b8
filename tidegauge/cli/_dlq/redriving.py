"""What is sent again, what is not and why, and the sending."""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from connectors.kafka.client import preflight
from connectors.kafka.letters.handling import Handling, Resent, resent
from connectors.kafka.letters.log import Entry, LetterLog
from connectors.kafka.letters.originals import find_originals
from connectors.kafka.topics import ensure_compacted, max_message_bytes, require_topic
from dataflows.checks.prospects import GOOD, Prospect, Prospects
from tidegauge.cli._dlq.printing import as_object
from tidegauge.cli._dlq.selection import Desk
from tidegauge.errors import Retry, Stop, UserMistake

NOT_SINGLE = "its events are in other results, too, which would count them twice"
UNREADABLE = "the Kafka client cannot read it, and neither could the flow"
SHARED = "several sources read its topic, and others than the one that refused it may have taken it"
REFUSED = "it is about a record that a store or topic refused, which is no message of a source"
HANDLED = "somebody else has handled it meanwhile"
NOT_REACHED = "the sending ended before it"
LOST = "its topic has lost the message, and the letter does not hold all of it"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to become of a letter.

    Attributes:
        entry: the letter.
        message: what is sent; None where there is nothing that could be.
        prospect: what the flow would make of it.
        hindrance: why it is not sent; empty where it is.
    """

    entry: Entry
    message: Resent | None
    prospect: Prospect
    hindrance: str

    def as_object(self) -> dict[str, Any]:
        """For programs."""
        return {
            **as_object(self.entry),
            "sends": not self.hindrance,
            "prospect": self.prospect.kind or "good",
            "why": self.hindrance or self.prospect.reason or None,
        }


def plan_redrive(desk: Desk, entries: Sequence[Entry], *, force: bool) -> list[Plan]:
    """What is to become of letters.

    Args:
        desk: the pipeline.
        entries: the letters.
        force: send also what would be refused again.

    Raises:
        UserMistake: the broker does not tell what there is.
    """
    topics = Counter(source.kafka.topic for source in desk.pipeline.sources.values())
    timeout_s = desk.settings.start_timeout_s
    originals = find_originals(desk.client, [entry.letter for entry in entries], timeout_s)
    admin = preflight(desk.settings)
    read = {entry.letter.topic for entry in entries if entry.letter.topic in topics}
    sizes = {topic: require_topic(admin, topic, timeout_s) for topic in read}
    messages: dict[str, Resent] = {}
    hindered: dict[str, str] = {}
    for entry in entries:
        letter = entry.letter
        original = originals.get(letter.id)
        if letter.kind == "refused":
            hindered[letter.id] = REFUSED
        elif letter.kind == "unreadable":
            hindered[letter.id] = UNREADABLE
        elif letter.spot is None:
            hindered[letter.id] = NOT_SINGLE
        elif topics[letter.topic] > 1:
            hindered[letter.id] = SHARED
        elif letter.topic not in sizes:
            hindered[letter.id] = f"the pipeline file does not read topic {letter.topic!r}"
        elif original is None and not letter.whole:
            hindered[letter.id] = LOST
        else:
            messages[letter.id] = resent(entry, original, sizes[letter.topic])
    prospects = Prospects(desk.pipeline, desk.client, timeout_s)
    found = prospects.of(list(messages.values()), time.time_ns() // 1_000_000)
    prospect = dict(zip(messages, found, strict=True))
    return [_plan(entry, messages, prospect, hindered, force=force) for entry in entries]


def _plan(
    entry: Entry,
    messages: dict[str, Resent],
    prospects: dict[str, Prospect],
    hindered: dict[str, str],
    *,
    force: bool,
) -> Plan:
    name = entry.letter.id
    prospect = prospects.get(name, GOOD)
    hindrance = hindered.get(name, "")
    if not prospect.good and not force:
        hindrance = f"it would be refused again as {prospect.kind}: {prospect.reason}"
    return Plan(entry, messages.get(name), prospect, hindrance)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What has become of letters that were to be sent.

    Attributes:
        unsent: why a message was not sent, by the id of its letter; the others were.
        fault: why the sending ended before its time; None where it did not.
    """

    unsent: Mapping[str, str]
    fault: str | None

    def of(self, plans: Sequence[Plan]) -> list[Plan]:
        """The plans with what has come between."""
        return [
            replace(plan, hindrance=self.unsent[plan.entry.letter.id])
            if plan.entry.letter.id in self.unsent
            else plan
            for plan in plans
        ]


def redrive(desk: Desk, plans: Sequence[Plan], done: Callable[[int], None]) -> Outcome:
    """Send what is not hindered.

    Letters that somebody else has handled since they were read are left out.

    Args:
        desk: the pipeline.
        plans: what is to become of letters.
        done: told how many more are through.

    Raises:
        UserMistake: the broker does not let anything be sent.
    """
    messages = [plan.message for plan in plans if plan.message and not plan.hindrance]
    with_marks = _Marking(desk, {one.entry.letter.topic for one in messages})
    left = with_marks.unchanged([one.entry for one in messages])
    unsent = {one.entry.letter.id: HANDLED for one in messages}
    messages = [one for one in messages if one.entry.letter.id in left]
    unsent |= {one.entry.letter.id: NOT_REACHED for one in messages}

    def told(message: Resent, reason: str) -> None:
        if reason:
            unsent[message.entry.letter.id] = reason
        else:
            del unsent[message.entry.letter.id]
        done(1)

    fault = None
    try:
        with_marks.handling.redrive(messages, _now_ms(), told)
    except (Retry, Stop) as error:
        fault = str(error)
    return Outcome(unsent, fault)


def drop(desk: Desk, entries: Sequence[Entry]) -> int:
    """Mark letters as given up; how many were marked.

    Raises:
        UserMistake: the broker does not take it.
    """
    with_marks = _Marking(desk, set())
    left = with_marks.unchanged(entries)
    dropped = [entry for entry in entries if entry.letter.id in left]
    try:
        with_marks.handling.drop(dropped, _now_ms())
    except (Retry, Stop) as error:
        raise UserMistake(f"{error}; see with dlq list whether they are marked") from None
    return len(dropped)


class _Marking:
    """The topic of marks, made where it is not there, and the only one who writes to it now.

    Attributes:
        handling: sends messages and marks.
    """

    def __init__(self, desk: Desk, topics: set[str]) -> None:
        marks, settings = desk.pipeline.handled_topic, desk.settings
        admin = preflight(settings)
        ensure_compacted(admin, marks, settings.start_timeout_s)
        most = min(
            max_message_bytes(admin, [topic], settings.start_timeout_s)
            for topic in (*topics, marks)
        )
        try:
            self.handling = Handling(settings, desk.pipeline.pipeline, marks, most)
        except (Retry, Stop) as error:
            raise UserMistake(str(error)) from None
        log = LetterLog(
            desk.client, desk.pipeline.dead_letter_topic, marks, settings.start_timeout_s
        )
        self._marks = log.marks()

    def unchanged(self, entries: Sequence[Entry]) -> set[str]:
        """Ids of the letters that nobody has handled since they were read."""
        ids = (
            entry.letter.id for entry in entries if self._marks.get(entry.letter.id) == entry.mark
        )
        return set(ids)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
