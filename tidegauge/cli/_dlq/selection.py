"""Which letters a command is about."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connectors.kafka.client import Faults, client_config, preflight
from connectors.kafka.letters.filters import LetterFilter
from connectors.kafka.letters.log import Entry, LetterLog
from connectors.kafka.letters.marks import State
from connectors.kafka.topics import topic_exists
from tidegauge.durations import parse_duration_ns
from tidegauge.errors import UserMistake
from tidegauge.isotime import read_iso8601
from tidegauge.settings import Settings, read_settings
from tidegauge.spec.loader import load_pipeline
from tidegauge.spec.models import Pipeline


@dataclass(frozen=True)
class Desk:
    """A pipeline and the letters about it.

    Attributes:
        pipeline: the pipeline.
        settings: where the broker is.
        client: configuration of Kafka clients.
        log: its letters.
    """

    pipeline: Pipeline
    settings: Settings
    client: dict[str, Any]
    log: LetterLog


def open_desk(file: Path) -> Desk:
    """The letters of a pipeline file.

    Raises:
        UserMistake: the file has mistakes, the broker does not answer, or nothing was ever refused.
    """
    pipeline, settings = load_pipeline(file), read_settings()
    admin, timeout_s = preflight(settings), settings.start_timeout_s
    if not topic_exists(admin, pipeline.dead_letter_topic, timeout_s):
        raise UserMistake(
            f"Kafka topic {pipeline.dead_letter_topic!r} does not exist: the flow of pipeline"
            f" {pipeline.pipeline!r} has never run on this broker (KAFKA_BOOTSTRAP)"
        )
    marks = pipeline.handled_topic
    known = marks if topic_exists(admin, marks, timeout_s) else None
    client = client_config(settings, Faults())
    log = LetterLog(client, pipeline.dead_letter_topic, known, timeout_s)
    return Desk(pipeline, settings, client, log)


def letter_filter(  # noqa: PLR0913 - one for each option
    pipeline: Pipeline,
    *,
    ids: Sequence[str] | None = None,
    kinds: Sequence[str] | None = None,
    reason: str = "",
    sources: Sequence[str] | None = None,
    partitions: Sequence[int] | None = None,
    since: str = "",
    until: str = "",
    text: str = "",
) -> LetterFilter:
    """The filter that options describe.

    Raises:
        UserMistake: a time cannot be read.
    """
    topics = (
        pipeline.sources[name].kafka.topic if name in pipeline.sources else name
        for name in sources or ()
    )
    return LetterFilter(
        ids=tuple(ids or ()),
        kinds=frozenset(kinds or ()),
        reason=reason,
        topics=frozenset(topics),
        partitions=frozenset(partitions or ()),
        since_ms=moment_ms("--since", since),
        until_ms=moment_ms("--until", until),
        text=text,
    )


def chosen(
    desk: Desk, wanted: LetterFilter, states: frozenset[State] = frozenset({State.OPEN})
) -> list[Entry]:
    """Letters that a filter means, in one of these states.

    Raises:
        UserMistake: they cannot be read.
    """
    return [one for one in desk.log.entries() if one.state in states and wanted(one)]


def moment_ms(option: str, text: str) -> int | None:
    """A time as an option has it, in milliseconds; None where it is left out.

    Raises:
        UserMistake: it is neither a time nor how long ago it is.
    """
    if not text:
        return None
    try:
        return (time.time_ns() - parse_duration_ns(text)) // 1_000_000
    except ValueError:
        pass
    read = read_iso8601(text)
    if read is None:
        raise UserMistake(
            f"{option} {text!r}: allowed is a time such as 2026-01-31T12:00Z, or how long ago it"
            " is, such as 2h"
        )
    return read.time_ns // 1_000_000
