"""`tidegauge check`: every mistake of a pipeline file at once."""

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tidegauge.cli._say import say, say_json, say_lines

if TYPE_CHECKING:
    from tidegauge.spec.models import Pipeline


def command(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Pipeline files.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
    import_process: Annotated[
        bool, typer.Option("--import", help="Also import the functions of `process`.")
    ] = False,
    live: Annotated[
        bool | None,
        typer.Option(
            "--live/--no-live",
            help="Also hold the file against its topics and its bucket: series of each window,"
            " fields that no message has, events older than InfluxDB keeps them, columns of"
            " another type"
            " [default: where KAFKA_BOOTSTRAP is set and the broker answers].",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Check pipeline files: every mistake as `file:line: key: what is wrong, what is allowed`.

    Files of tables are read as at the start; functions of `process` are looked for in the source of
    their modules. Patterns that never match, never end or can blow up are warned of, and so are
    comparisons with NULL and names that are keywords of InfluxQL. Exit code 0 without mistakes, 1
    with some, 2 when a file cannot be read.
    """
    from tidegauge.cli import EXIT_COULD_NOT_RUN, EXIT_MISTAKES
    from tidegauge.cli._startable import check_startable
    from tidegauge.errors import UserMistake
    from tidegauge.spec.loader import load_pipeline
    from tidegauge.spec.mistakes import Mistakes

    code = 0
    report: list[dict[str, Any]] = []
    for file in files:
        mistakes: list[dict[str, Any]] = []
        warnings: list[dict[str, Any]] = []
        series: list[tuple[str, bool]] = []
        error = None
        try:
            pipeline = load_pipeline(file)
            check_startable(file, pipeline)
            if import_process:
                _import_functions(file, pipeline)
            warnings = _warned(file, pipeline, imported=import_process, tell=not as_json)
            series = _looked_at(file, pipeline, live=live, tell=not as_json)
        except Mistakes as found:
            code = max(code, EXIT_MISTAKES)
            mistakes = [
                {"line": mistake.line, "key": mistake.key, "message": mistake.message}
                for mistake in found.mistakes
            ]
            if not as_json:
                say_lines(found)
        except UserMistake as found:
            code = EXIT_COULD_NOT_RUN
            error = str(found)
            if not as_json:
                say_lines(found, err=True)
        told: dict[str, Any] = {"file": str(file), "mistakes": mistakes, "error": error}
        if warnings:
            told["warnings"] = warnings
        if live or series:
            told["series"] = [{"message": line, "warning": warning} for line, warning in series]
        report.append(told)
    if as_json:
        say_json(report)
    raise typer.Exit(code)


def _import_functions(file: Path, pipeline: "Pipeline") -> None:
    from operators.intake.process import load_process
    from tidegauge.errors import UserMistake

    for name, source in pipeline.sources.items():
        if source.process:
            try:
                load_process(source.process.function)
            except UserMistake as mistake:
                raise UserMistake(f"{file}: sources.{name}.{mistake}") from None


def _warned(
    file: Path, pipeline: "Pipeline", *, imported: bool, tell: bool
) -> list[dict[str, Any]]:
    """Print what is probably not meant as it is written; the same for programs."""
    from tidegauge.cli._pattern_warnings import pattern_warnings
    from tidegauge.cli._startable import start_warnings
    from tidegauge.spec.warnings import warnings_of

    found = sorted(
        [
            *pattern_warnings(file, pipeline),
            *warnings_of(file, pipeline),
            *start_warnings(file, pipeline, imported=imported),
        ]
    )
    for one in found if tell else []:
        say(f"warning: {one.render(str(file))}")
    return [{"line": one.line, "key": one.key, "message": one.message} for one in found]


def _looked_at(
    file: Path, pipeline: "Pipeline", *, live: bool | None, tell: bool
) -> list[tuple[str, bool]]:
    """Print what the file makes; lines about its series, and whether each is a warning."""
    if tell:
        _print_summary(file, pipeline)
    lines = [*_network(pipeline), *_series(pipeline, live=live)]
    for line, warning in lines if tell else []:
        say(f"warning: {line}" if warning else line)
    return lines


def _network(pipeline: "Pipeline") -> Iterator[tuple[str, bool]]:
    """A warning where the flow would send its token for all to read, as the settings are here."""
    from connectors.influxdb.client import unencrypted
    from tidegauge.errors import UserMistake
    from tidegauge.settings import read_settings

    with suppress(UserMistake):  # a start tells of settings that are wrong
        settings = read_settings()
        stored = pipeline.output.influxdb is not None and settings.store is None
        if stored and (line := unencrypted(settings)):
            yield line, True


def _series(pipeline: "Pipeline", *, live: bool | None) -> list[tuple[str, bool]]:
    if live is False or (live is None and "KAFKA_BOOTSTRAP" not in os.environ):
        return []
    from tidegauge.cli._live import live_lines
    from tidegauge.errors import UserMistake
    from tidegauge.settings import read_settings

    try:
        return list(live_lines(pipeline, read_settings(), time.time_ns()))
    except UserMistake as mistake:
        if live:
            raise
        return [(f"series are not estimated: {mistake}", False)]


def _print_summary(file: Path, pipeline: "Pipeline") -> None:
    from rich.table import Table

    from tidegauge.catalogue import catalogue_of
    from tidegauge.cli._screen import screen
    from tidegauge.cli._summary import rows

    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    for _ in range(4):
        table.add_column(overflow="fold")
    for row in rows(pipeline):
        table.add_row(*row)
    console = screen()
    console.print(f"{file}: no mistakes. Pipeline {pipeline.pipeline}:")
    console.print(table)
    signals = ", ".join(sorted(signal.name for signal in catalogue_of(pipeline)))
    console.print(f"signals: {signals}")
