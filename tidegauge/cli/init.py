"""`tidegauge init`: a first pipeline file from what is in a topic."""

import os
import shlex
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

if TYPE_CHECKING:
    from connectors.kafka.sample import TopicSample
    from tidegauge.spec.inference.draft import Draft
    from tidegauge.spec.models import Pipeline

MOST_SAMPLED = 100_000
MOST_ROWS = 50
PRINTED_WIDTH = 120
"""Columns of the table when it does not go to a terminal."""


def command(
    topic: Annotated[str, typer.Argument(help="Topic to look into.")],
    *,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="File to write; else pipelines/ and the topic's name."),
    ] = None,
    sample: Annotated[
        int, typer.Option(min=1, max=MOST_SAMPLED, help="Most messages to look at.")
    ] = 1_000,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file.")] = False,
) -> None:
    """Write a first pipeline file from the oldest and newest messages of a topic.

    Exit code 0 when it is written, 2 when it could not be.
    """
    from connectors.kafka.sample import read_sample
    from tidegauge.cli.schema import SCHEMA_FILE
    from tidegauge.errors import UserMistake
    from tidegauge.settings import read_settings
    from tidegauge.spec.inference.draft import draft_pipeline
    from tidegauge.spec.inference.names import pipeline_name
    from tidegauge.spec.inference.render import render
    from tidegauge.spec.inference.sample import read_objects
    from tidegauge.spec.loader import load_pipeline

    file = output or Path("pipelines") / f"{pipeline_name(topic)}.yaml"
    if file.exists() and not force:
        raise UserMistake(_exists(file))
    read = read_sample(read_settings(), topic, sample)
    objects = read_objects(read.partitions)
    if not any(objects.partitions.values()):
        raise UserMistake(
            f"Kafka topic {topic!r}: none of the {read.messages:,} messages looked at is a JSON "
            "object, and no other format is read"
        )
    draft = draft_pipeline(topic, objects)
    seen = f"{read.messages:,} of {read.available:,} messages"
    _write(file, render(draft, _schema_path(SCHEMA_FILE, file), seen), force=force)
    pipeline = load_pipeline(file)
    other = read.messages - sum(map(len, objects.partitions.values()))
    _tell(file, draft, read, rehearse(pipeline, read), other)


class Rehearsal(NamedTuple):
    """What the written file makes of the sample: events on time, corrections, dead letters."""

    on_time: int
    corrections: int
    refused: Counter[str]
    examples: dict[str, str]
    """A reason for each kind of dead letter."""


def rehearse(pipeline: "Pipeline", read: "TopicSample") -> Rehearsal:
    """Put the sample through the intake of the pipeline's only source."""
    from connectors.codecs.json_columns import JsonColumns
    from operators.intake.intake import Intake, IntakeState
    from operators.intake.plan import plan_intake
    from operators.progress.board import ProgressBoard

    ((name, source),) = pipeline.sources.items()
    plan = plan_intake(name, source, JsonColumns)
    board = ProgressBoard()
    made = Rehearsal(0, 0, Counter(), {})
    for number, raw in read.partitions.items():
        batch = Intake(plan, number, read.partition_count, board, IntakeState()).take(raw)
        refused = batch.dead_letters.select("kind", "reason").rows()
        made.refused.update(kind for kind, _ in refused)
        made.examples.update(refused)
        made = made._replace(
            on_time=made.on_time + batch.on_time.height,
            corrections=made.corrections + batch.corrections.height,
        )
    return made


def _exists(file: Path) -> str:
    return f"{file} exists already; give another file with --output, or overwrite it with --force"


def _schema_path(schema: Path, file: Path) -> str:
    """Where an editor finds the schema, as seen from the file."""
    relative = Path(os.path.relpath(schema, file.resolve().parent)).as_posix()
    return relative if relative.startswith("..") else f"./{relative}"


def _write(file: Path, text: str, *, force: bool) -> None:
    from tidegauge.errors import UserMistake

    try:
        if not file.parent.exists():
            file.parent.mkdir()
        with file.open("w" if force else "x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError:
        raise UserMistake(_exists(file)) from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise UserMistake(
            f"{file}: cannot be written: {reason}; give another file with --output"
        ) from None


def _tell(
    file: Path, draft: "Draft", read: "TopicSample", rehearsal: Rehearsal, other: int
) -> None:
    from rich.table import Table

    from tidegauge.cli._screen import screen
    from tidegauge.spec.inference.yaml_text import comment

    console = screen(PRINTED_WIDTH)
    console.print(
        f"{draft.topic}: looked at {read.messages:,} of {read.available:,} messages, oldest and "
        f"newest, in {len(read.partitions)} of {read.partition_count} partitions"
    )
    table = Table(
        "field", "type", "in messages", "", box=None, pad_edge=False, padding=(0, 2, 0, 0)
    )
    rows = list(_rows(draft))
    for name, kind, seen, about in rows[:MOST_ROWS]:
        table.add_row(comment(name, 40), kind, seen, comment(about))
    console.print(table)
    if len(rows) > MOST_ROWS:
        console.print(f"and {len(rows) - MOST_ROWS:,} more fields")
    for note in [*_foreign(read, other), *_notes(draft, read, rehearsal)]:
        console.print(note, soft_wrap=True)
    console.print(f"\n{file} is written. Next:", soft_wrap=True)
    quoted = shlex.quote(str(file))
    console.print(f"  tidegauge check {quoted}  after each change", soft_wrap=True)
    console.print(f"  tidegauge run {quoted}  with the servers of the environment", soft_wrap=True)


def _rows(draft: "Draft") -> Iterator[tuple[str, str, str, str]]:
    from tidegauge.spec.inference.render import describe, precise

    if draft.event_time:
        about = f"event time, up to {precise(draft.disorder.most_ns)} out of order"
        yield draft.time_field, draft.event_time.format, f"{draft.event_time.seen:,}", about
    for field in draft.fields:
        key = ["key"] if draft.key and draft.key.field == field.name else []
        about = ", ".join(filter(None, [*key, describe(field)]))
        yield field.name, str(field.type), f"{field.seen:,}", about
    for name, why in draft.left_out.items():
        yield name, "", "", f"left out: {why}"


def _foreign(read: "TopicSample", other: int) -> Iterator[str]:
    """Messages that are no JSON objects, so that nothing in the file was made from them."""
    if other:
        much = "MOST OF THE TOPIC IS IN ANOTHER FORMAT: " if 2 * other > read.messages else ""
        yield (
            f"{much}{other:,} of {read.messages:,} messages are no JSON objects; the file is made"
            " from the others, and these become dead letters."
        )


def _notes(draft: "Draft", read: "TopicSample", rehearsal: Rehearsal) -> Iterator[str]:
    from tidegauge.spec.inference.render import precise
    from tidegauge.spec.inference.yaml_text import comment

    if not read.complete:
        yield "Time ran out before all of them came; TIDEGAUGE_START_TIMEOUT allows more."
    if draft.event_time is None:
        yield (
            "NO EVENT TIME WAS FOUND: until event_time.field and its format are set in the file, "
            "every message becomes a dead letter."
        )
        return
    behind = [f"{number}: {precise(most)}" for number, most in draft.disorder.behind_ns.items()]
    yield f"Out of order, by partition: {', '.join(behind[:MOST_ROWS])}"
    if draft.disorder.ahead_ns:
        yield (
            f"Most events are {precise(draft.disorder.ahead_ns)} ahead of their Kafka timestamps: "
            "is a time zone missing, or a clock wrong?"
        )
    yield (
        f"With this file: {rehearsal.on_time:,} on time, {rehearsal.corrections:,} late but taken, "
        f"{rehearsal.refused.total():,} dead letters"
    )
    for kind, count in rehearsal.refused.most_common():
        yield f"  {kind}: {count:,}, such as: {comment(rehearsal.examples[kind], 200)}"
