"""What a recovery directory holds: inspect, backup."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tidegauge.cli._say import say, say_json

if TYPE_CHECKING:
    from connectors.recovery.contents import Contents

_S_NS = 1_000_000_000
_PLAIN: dict[str, Any] = {"box": None, "pad_edge": False, "padding": (0, 2, 0, 0)}


def inspect(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Recovery directory.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Show positions, watermarks and sizes of saved state, also while the flow runs.

    Nothing that is saved is run or imported. Exit code 0; 1 when something in it is missing or
    damaged; 2 when it could not be done.
    """
    from connectors.recovery.contents import read_contents
    from tidegauge.cli import EXIT_MISTAKES

    found = read_contents(directory)
    if as_json:
        say_json(found.as_json())
    else:
        _tell(found)
    raise typer.Exit(EXIT_MISTAKES if found.problems else 0)


def backup(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Recovery directory.")],
    target: Annotated[
        Path,
        typer.Argument(metavar="TARGET", help="Where the copy goes: a new or empty folder."),
    ],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Copy saved state, also while the flow runs.

    Exit code 0; 1 when something in it is missing or damaged; 2 when it could not be done.
    """
    from connectors.recovery.backup import back_up
    from connectors.recovery.contents import read_contents
    from tidegauge.cli import EXIT_MISTAKES

    moment = back_up(directory, target)
    problems = read_contents(target).problems
    if as_json:
        told = {"folder": str(target), "epoch": moment.epoch, "problems": problems}
        say_json(told)
    else:
        say(f"{target}: a start from it goes on at epoch {moment.epoch}")
        for problem in problems:
            say(f"problem: {problem}")
    raise typer.Exit(EXIT_MISTAKES if problems else 0)


commands = {"inspect": inspect, "backup": backup}


def _tell(found: "Contents") -> None:
    from rich.table import Table

    from tidegauge.cli._screen import screen

    console = screen()
    about = f"pipeline {found.pipeline}, " if found.pipeline else ""
    if found.execution is None:
        console.print(f"{found.folder}: {about}nothing is saved yet")
    else:
        console.print(
            f"{found.folder}: {about}run {found.execution + 1} with {found.workers} worker(s);"
            f" a start goes on at epoch {found.epoch}"
        )
    positions = Table("source step", "partition", "offset", "highest event time", "read", **_PLAIN)
    for one in found.positions:
        read = one.counts.get("read")
        positions.add_row(
            one.step,
            one.partition,
            f"{one.offset:,}",
            _time(one.highest_event_ns),
            "" if read is None else f"{read:,}",
        )
    groups = Table(
        *("step", "key group", "part", "version", "watermark", "bytes", "pieces", "in pieces"),
        **_PLAIN,
    )
    for group in found.groups:
        part = f"{group.part} (begun anew {group.begun}×)" if group.begun else group.part
        groups.add_row(
            group.step,
            group.group,
            part,
            str(group.version),
            "" if group.part else _time(group.watermark_ns),
            f"{group.bytes:,}",
            f"{group.pieces:,}",
            f"{group.piece_bytes:,}",
        )
    for table in (positions, groups):
        if table.row_count:
            console.print(table)
    for problem in found.problems:
        console.print(f"problem: {problem}")


def _time(time_ns: int | None) -> str:
    if time_ns is None:
        return ""
    moment = datetime.fromtimestamp(time_ns // _S_NS, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{time_ns % _S_NS // 1_000_000:03}Z"
