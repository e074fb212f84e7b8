"""`tidegauge render`: what Grafana provisions, from the pipeline files."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tidegauge.cli._say import say, say_lines

if TYPE_CHECKING:
    from grafana.alerting.delay import Delay
    from grafana.subject import Subject

ROOT = Path(__file__).parents[2]
FOLDERS = ("alerting", "dashboards", "datasources")
"""Folders below which files are ours, if they say so."""


def command(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FILE...]", help="Pipeline files [those in pipelines/]."),
    ] = None,
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit with 1 when a file is stale.")
    ] = False,
    out: Annotated[Path, typer.Option(help="Where they go.")] = ROOT / "provisioning",
    webhook: Annotated[
        bool, typer.Option("--webhook", help="Alerts also go to $ALERT_WEBHOOK_URL of Grafana.")
    ] = False,
) -> None:
    """Render data source, dashboards and alert rules, and tell how soon each alert is told.

    Exit code 0; 1 when a file is stale, or an alert above level 7 would be told after 30 s or more;
    2 when it could not be done.
    """
    from tidegauge.cli import EXIT_MISTAKES
    from tidegauge.errors import UserMistake
    from tidegauge.spec.mistakes import Mistakes

    chosen = sorted((ROOT / "pipelines").glob("*.yaml")) if files is None else files
    try:
        subjects = _subjects(chosen)
    except Mistakes as mistakes:
        say_lines(mistakes, err=True)
        raise typer.Exit(EXIT_MISTAKES) from None
    from grafana.render import render

    try:
        before = _ours(out)
        rendered = render(subjects, webhook=webhook, before=before)
        stale = _stale(before, rendered, out)
        if not check:
            _write(out, rendered, stale)
    except OSError as error:
        where = error.filename or out
        raise UserMistake(f"{where}: {error.strerror}; give another folder with --out") from None
    word = "stale" if check else "written"
    for path in stale:
        say(f"{out.name}/{path} {word if path in rendered else _gone(check=check)}")
    if not stale:
        say(f"{out.name}/ is current: {len(rendered)} files")
    elif check:
        say("run 'tidegauge render', and leave these files to it")
        raise typer.Exit(EXIT_MISTAKES)


def _subjects(files: Sequence[Path]) -> list["Subject"]:
    """The pipelines that can be rendered; how soon their alerts are told is printed."""
    from grafana.alerting.delay import delays
    from grafana.subject import subject_of
    from tidegauge.errors import UserMistake
    from tidegauge.spec.loader import load_pipeline

    found: dict[str, Subject] = {}
    told = []
    for file in files:
        pipeline = load_pipeline(file)
        if pipeline.output.influxdb is None:
            say(f"{file}: no output.influxdb, so there is nothing for Grafana")
            continue
        if pipeline.pipeline in found:
            raise UserMistake(f"{file}: another file has a pipeline called {pipeline.pipeline}")
        subject = found[pipeline.pipeline] = subject_of(pipeline)
        late = delays(subject)
        told += [f"{pipeline.pipeline}: {delay}" for delay in late]
        _refuse(file, subject, late)
    if not found:
        raise UserMistake("no pipeline with output.influxdb: name its file")
    for line in told:
        say(line)
    return list(found.values())


def _refuse(file: Path, subject: "Subject", late: "list[Delay]") -> None:
    """Raise what cannot be rendered, with lines."""
    from grafana.refusals import refusals
    from tidegauge.spec.document import read_document
    from tidegauge.spec.mistakes import Mistake, Mistakes, dotted

    if found := refusals(subject, late):
        document = read_document(file.read_text(encoding="utf-8-sig"), os.environ)
        lines = [
            Mistake(document.line(problem.path), dotted(problem.path), problem.message)
            for problem in found
        ]
        raise Mistakes(str(file), lines)


def _ours(out: Path) -> dict[str, str]:
    """Path and text of the files that were rendered before."""
    from grafana.render import is_ours

    found = {}
    for folder in FOLDERS:
        for file in sorted((out / folder).rglob("*")):
            path = file.relative_to(out).as_posix()
            text = _text(file) if file.suffix in {".yaml", ".json"} else None
            if text is not None and is_ours(path, text):
                found[path] = text
    return found


def _stale(before: Mapping[str, str], rendered: Mapping[str, str], out: Path) -> list[str]:
    """Paths whose files are not as rendered, and of files rendered once that are no more."""
    stale = [path for path, text in rendered.items() if _text(out / path) != text]
    return [*stale, *(path for path in before if path not in rendered)]


def _write(out: Path, rendered: Mapping[str, str], stale: Sequence[str]) -> None:
    for path in stale:
        file = out / path
        if path in rendered:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(rendered[path], encoding="utf-8")
        else:
            file.unlink()
            if not any(file.parent.iterdir()):
                file.parent.rmdir()


def _text(file: Path) -> str | None:
    try:
        return file.read_text(encoding="utf-8")
    except (FileNotFoundError, IsADirectoryError, UnicodeDecodeError):
        return None


def _gone(*, check: bool) -> str:
    return "is of no pipeline any more" if check else "removed"
