"""`tidegauge explain`: a pattern over some events, run by run, and as a picture."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tidegauge.cli._say import say, say_json

if TYPE_CHECKING:
    from tidegauge.cli._explained_events import PatternEvents
    from tidegauge.spec.models import Pattern, Pipeline


def command(
    pattern: Annotated[
        str, typer.Argument(metavar="PATTERN", help="FILE:NAME: a pipeline file and a pattern.")
    ],
    events: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="EVENTS",
            help="File of messages, one a line; for several sources SOURCE=FILE each.",
            show_default=False,
        ),
    ] = None,
    *,
    key: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN=VALUE",
            help="Only events of this key; may be repeated.",
            show_default=False,
        ),
    ] = None,
    svg: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write a picture of the pattern.", show_default=False),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Tell step by step which runs of a pattern lived, what moved them, and why they died.

    Events go through the same decoding, enrichment, filter and derived columns as in the flow, in
    event-time order, and then time goes on until every window is over. A run is named by the line
    of its first event and a number.

    Exit code 0 when all is told, 1 when messages could not be read as events, 2 when nothing could.
    """
    from tidegauge.cli import EXIT_MISTAKES
    from tidegauge.cli._explained_events import read_events
    from tidegauge.errors import UserMistake
    from tidegauge.spec.loader import load_pipeline

    file, name = _parts(pattern)
    pipeline = load_pipeline(file)
    if name not in pipeline.patterns:
        known = ", ".join(pipeline.patterns) or "none"
        raise UserMistake(f"{file}: has no pattern {name!r}; its patterns: {known}")
    if not events and svg is None:
        raise UserMistake("nothing to explain: name a file of events, or --svg FILE for a picture")
    if svg is not None:
        _draw(pipeline, name, svg)
        if not as_json:
            say(f"wrote {svg}")
    if not events:
        return
    declared = pipeline.patterns[name]
    read = read_events(pipeline, file.parent, declared, events)
    _tell(pipeline, name, read, _wanted(declared, key or []), as_json=as_json)
    raise typer.Exit(EXIT_MISTAKES if read.refused else 0)


def _parts(pattern: str) -> tuple[Path, str]:
    from tidegauge.errors import UserMistake

    file, sign, name = pattern.rpartition("#" if "#" in pattern else ":")
    if not sign or not file or not name:
        raise UserMistake(f"{pattern}: write FILE:NAME, a pipeline file and one of its patterns")
    return Path(file), name


def _draw(pipeline: "Pipeline", name: str, svg: Path) -> None:
    from operators.cep.diagram import diagram
    from tidegauge.errors import UserMistake
    from tidegauge.patterns.declared import declared_pattern

    try:
        svg.write_text(diagram(declared_pattern(name, pipeline.patterns[name])), encoding="utf-8")
    except OSError as error:
        raise UserMistake(f"{svg}: cannot be written: {error.strerror}") from None


def _wanted(pattern: "Pattern", keys: list[str]) -> dict[str, str]:
    from tidegauge.errors import UserMistake

    wanted = {}
    for text in keys:
        column, sign, value = text.partition("=")
        if not sign or column not in pattern.by:
            allowed = " ".join(f"--key {name}=VALUE" for name in pattern.by) or "none, it has no by"
            raise UserMistake(f"--key {text}: is no key of the pattern; allowed: {allowed}")
        wanted[column] = value
    return wanted


def _tell(
    pipeline: "Pipeline",
    name: str,
    read: "PatternEvents",
    wanted: dict[str, str],
    *,
    as_json: bool,
) -> None:
    import polars as pl

    from operators.cep.explain import explain
    from operators.cep.plan import plan_pattern
    from tidegauge.catalogue import pattern_columns
    from tidegauge.cli._explained import Telling
    from tidegauge.cli._screen import screen
    from tidegauge.records import NO_KEY

    declared, plan = pipeline.patterns[name], plan_pattern(pipeline, name)
    frame = read.frame
    for column, value in wanted.items():
        frame = frame.filter(pl.col(column).cast(pl.String).fill_null(NO_KEY) == value)
    explained = explain(
        plan.pattern,
        pattern_columns(pipeline, declared),
        frame,
        by=declared.by,
        limits=plan.limits,
        in_order=declared.order == "event_time",
    )
    telling = Telling(explained, tuple(declared.by), len(declared.from_) > 1)
    matches = telling.matches()
    if as_json:
        told = {
            "pattern": name,
            "events": frame.height,
            "refused": read.refused,
            "keys": telling.plain(),
            "matches": matches,
        }
        say_json(told)
        return
    console = screen()
    console.print(f"{name}: {' '.join(declared.match.split())}")
    for tree in telling.trees():
        console.print(tree)
    for line in read.refused:
        console.print(f"no event: {line}")
    console.print(f"events: {frame.height:,}; matches: {len(matches):,}")
