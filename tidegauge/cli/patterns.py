"""Patterns of a flow that runs: others from an event time on."""

import json
import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tidegauge.cli._announcing import announce, effective_ns
from tidegauge.cli._say import say, say_json

if TYPE_CHECKING:
    from tidegauge.patterns.changes import PatternChange


def apply(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="File that the flow runs with.")],
    changed: Annotated[Path, typer.Argument(metavar="CHANGED", help="Edited copy of that file.")],
    *,
    effective: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Event time they count from [5 s from now]."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Let a running flow take the patterns of an edited file, from an event time on.

    They are written to the pipeline's journal; every key group takes them up at that time, as do
    restarts and replays. Patterns that stay the same keep their partial matches. Exit code 0; 1
    when the flow cannot take them while it runs; 2 when it could not be done.
    """
    from operators.cep.plan import plan_patterns
    from operators.cep.replan import obstacles
    from tidegauge.cli import EXIT_MISTAKES
    from tidegauge.patterns.changes import PatternChange, patterns_digest
    from tidegauge.spec.loader import load_pipeline

    old, new = load_pipeline(file), load_pipeline(changed)
    plan_patterns(new)
    if found := list(obstacles(old, new)):
        for one in found:
            say(f"{changed}: {one}", err=True)
        raise typer.Exit(EXIT_MISTAKES)
    now_ns = time.time_ns()
    counts_ns = effective_ns("patterns", effective, now_ns)
    declared = json.dumps(_declared(changed))
    change = PatternChange(declared, patterns_digest(old), counts_ns, now_ns)
    announce("patterns", old, change)
    _tell([change], as_json=as_json)


def history(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="File that the flow runs with.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Show the changes of patterns that count for a file.

    Exit code 0, or 2 when it could not be done.
    """
    from connectors.kafka.client import preflight
    from connectors.kafka.journal import read_pattern_changes
    from connectors.kafka.topics import topic_exists
    from tidegauge.errors import Stop, UserMistake
    from tidegauge.patterns.changes import patterns_digest
    from tidegauge.settings import read_settings
    from tidegauge.spec.loader import load_pipeline

    pipeline, settings = load_pipeline(file), read_settings()
    changes: list[PatternChange] = []
    if topic_exists(preflight(settings), pipeline.journal_topic, settings.start_timeout_s):
        try:
            changes = read_pattern_changes(settings, pipeline.journal_topic)
        except Stop as error:
            raise UserMistake(f"patterns: {error}") from None
    digest = patterns_digest(pipeline)
    counting = [one for one in changes if one.replaced == digest]
    _tell(sorted(counting, key=lambda one: one.order), as_json=as_json)


commands = {"apply": apply, "history": history}


def _declared(file: Path) -> Any:
    """What a file that is in order has under `patterns`."""
    from tidegauge.spec.document import read_document

    text = file.read_bytes().decode("utf-8-sig")
    return read_document(text, os.environ).value.get("patterns", {})


def _tell(changes: "list[PatternChange]", *, as_json: bool) -> None:
    if as_json:
        told = [
            {"effective_ns": one.effective_ns, "patterns": json.loads(one.patterns)}
            for one in changes
        ]
        say_json(told)
        return
    for one in changes:
        at = datetime.fromtimestamp(one.effective_ns / 1e9, UTC).isoformat(timespec="milliseconds")
        say(f"from {at} on: {', '.join(json.loads(one.patterns)) or 'no pattern'}")
