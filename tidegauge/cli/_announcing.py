"""What people tell running flows by the journal, and from when on it counts."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tidegauge.labels import Label
    from tidegauge.patterns.changes import PatternChange
    from tidegauge.spec.models import Pipeline

AHEAD_NS = 5_000_000_000
"""It counts from so much later than now on, so that flows have read it by then."""


def effective_ns(command: str, told: str | None, now_ns: int) -> int:
    """From when on it counts: what `--effective` says, or a little later than now.

    Raises:
        UserMistake: that is no time.
    """
    return time_ns(command, "--effective", told) if told else now_ns + AHEAD_NS


def time_ns(command: str, option: str, text: str) -> int:
    """A time as an option has it: ISO 8601, in UTC unless said, or nanoseconds since the epoch.

    Raises:
        UserMistake: it is neither.
    """
    from tidegauge.errors import UserMistake
    from tidegauge.isotime import read_iso8601

    if text.isdecimal():
        return int(text)
    read = read_iso8601(text)
    if read is None:
        raise UserMistake(
            f"{command}: {option} {text} is no time; allowed: such as 2026-01-31T12:00:00Z, or"
            " nanoseconds since the epoch"
        )
    return read.time_ns


def announce(command: str, pipeline: "Pipeline", entry: "Label | PatternChange") -> None:
    """Write an entry to the journal of a pipeline, and wait until it is stored.

    Raises:
        UserMistake: it could not be stored.
    """
    from connectors.kafka.client import preflight
    from connectors.kafka.journal import JournalWriter
    from connectors.kafka.topics import ensure_journal
    from tidegauge.errors import Retry, Stop, UserMistake
    from tidegauge.settings import read_settings

    settings = read_settings()
    topic = pipeline.journal_topic
    ensure_journal(preflight(settings), topic, settings.start_timeout_s)
    try:
        JournalWriter(settings, topic).append(entry)
    except (Retry, Stop) as error:
        raise UserMistake(f"{command}: {error}") from None
