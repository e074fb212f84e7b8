"""`tidegauge label`: say of a past anomaly whether it was one."""

import time
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tidegauge.cli._announcing import announce, effective_ns, time_ns
from tidegauge.cli._say import say, say_json

if TYPE_CHECKING:
    from tidegauge.fieldtypes import FieldType
    from tidegauge.labels import KeyPart, Label
    from tidegauge.spec.models import Pipeline


class Opinion(StrEnum):
    """What is said of an anomaly."""

    RIGHT = "right"
    WRONG = "wrong"


def command(  # noqa: PLR0913 - a parameter is an option
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Pipeline file.")],
    anomaly: Annotated[
        str | None, typer.Argument(metavar="[ANOMALY]", help="Name of the anomaly.")
    ] = None,
    opinion: Annotated[
        Opinion | None, typer.Argument(metavar="[right|wrong]", help="Whether it was one.")
    ] = None,
    *,
    key: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN=VALUE", help="Its key, an option for each key column."),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Its time: ISO 8601, or nanoseconds since the epoch."),
    ] = None,
    effective: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Event time it counts from [5 s from now]."),
    ] = None,
    embedded: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help="Records are in this SQLite file, not in InfluxDB."),
    ] = None,
    unchecked: Annotated[
        bool, typer.Option("--unchecked", help="Also when no such anomaly is stored.")
    ] = False,
    list_: Annotated[
        bool, typer.Option("--list", help="Show all labels and what they have moved.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Mark a past anomaly as right or wrong: the sensitivity of its series moves.

    The label is written to the pipeline's journal; flows that run, restarts and replays take it in.
    The anomaly is looked up in the pipeline's store. Exit code 0, or 2 when it could not be done or
    there is no such anomaly.
    """
    from tidegauge.cli._stored_anomalies import require_stored
    from tidegauge.errors import UserMistake
    from tidegauge.spec.loader import load_pipeline

    pipeline = load_pipeline(file)
    if list_:
        _tell(pipeline, _read(pipeline), anomaly, as_json=as_json)
        return
    if anomaly is None or opinion is None or at is None:
        raise UserMistake("label: name the anomaly, right or wrong, and --at its time; or --list")
    label = _label(pipeline, anomaly, opinion, key or (), at, effective)
    if not unchecked:
        require_stored(pipeline, label, embedded)
    announce("label", pipeline, label)
    _tell(pipeline, _read(pipeline), anomaly, as_json=as_json, only=label)


def _label(
    pipeline: "Pipeline",
    anomaly: str,
    opinion: Opinion,
    key: Sequence[str],
    at: str,
    effective: str | None,
) -> "Label":
    from tidegauge.cli._stored_anomalies import key_types
    from tidegauge.errors import UserMistake
    from tidegauge.labels import Label

    if anomaly not in pipeline.anomalies:
        names = ", ".join(pipeline.anomalies) or "there is none in the file"
        raise UserMistake(f"label: {anomaly} is no anomaly; allowed: {names}")
    now_ns = time.time_ns()
    at_ns = time_ns("label", "--at", at)
    if at_ns > now_ns:
        raise UserMistake(f"label: --at {at} is in the future; name the time of a past anomaly")
    counts_ns = effective_ns("label", effective, now_ns)
    parts = _key(key, key_types(pipeline, anomaly))
    return Label(anomaly, parts, at_ns, opinion is Opinion.RIGHT, counts_ns, now_ns)


def _key(given: Sequence[str], types: "Mapping[str, FieldType]") -> "tuple[KeyPart, ...]":
    from tidegauge.errors import UserMistake

    values = {
        name: value for name, equals, value in (one.partition("=") for one in given) if equals
    }
    if values.keys() != types.keys() or len(values) != len(given):
        wanted = " ".join(f"--key {name}=…" for name in types) or "no --key"
        raise UserMistake(f"label: the anomaly's series is told by {wanted}")
    return tuple(_part(name, values[name], kind) for name, kind in types.items())


def _part(name: str, text: str, kind: "FieldType") -> "KeyPart":
    from tidegauge.errors import UserMistake
    from tidegauge.labels import key_part

    try:
        return key_part(text, kind)
    except ValueError:
        raise UserMistake(f"label: --key {name}={text}: {name} is of type {kind}") from None


def _read(pipeline: "Pipeline") -> "list[Label]":
    from connectors.kafka.client import preflight
    from connectors.kafka.journal import read_labels
    from connectors.kafka.topics import topic_exists
    from tidegauge.errors import Stop, UserMistake
    from tidegauge.settings import read_settings

    settings = read_settings()
    topic = pipeline.journal_topic
    if not topic_exists(preflight(settings), topic, settings.start_timeout_s):
        return []
    try:
        return read_labels(settings, topic)
    except Stop as error:
        raise UserMistake(f"label: {error}") from None


def _tell(
    pipeline: "Pipeline",
    labels: "Sequence[Label]",
    anomaly: str | None,
    *,
    as_json: bool,
    only: "Label | None" = None,
) -> None:
    from tidegauge.cli._labels import line, rows

    shown = [
        row
        for label, row in rows(pipeline, labels)
        if label == only or (only is None and anomaly in (None, label.anomaly))
    ]
    if as_json:
        say_json(shown[0] if only else shown)
        return
    for row in shown:
        say(line(row))
    if not shown:
        say("no labels")
