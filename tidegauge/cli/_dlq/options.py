"""Options that commands about letters share, and what hands them on."""

import inspect
from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only tell what would be done.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def _options(  # noqa: PLR0913 - one for each option
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Pipeline file.")],
    ids: Annotated[
        list[str] | None, typer.Argument(metavar="[ID...]", help="How ids of letters begin.")
    ] = None,
    *,
    kinds: Annotated[
        list[str] | None, typer.Option("--kind", help="Of this kind: late, broken, …")
    ] = None,
    reason: Annotated[str, typer.Option(help="With this in the reason.")] = "",
    sources: Annotated[
        list[str] | None, typer.Option("--source", help="Of this source, or of a topic.")
    ] = None,
    partitions: Annotated[
        list[int] | None, typer.Option("--partition", help="Of this partition.", min=0)
    ] = None,
    since: Annotated[
        str, typer.Option(help="Written since then: 2026-01-31T12:00, or 2h for so long ago.")
    ] = "",
    until: Annotated[str, typer.Option(help="Written before then.")] = "",
    text: Annotated[
        str, typer.Option(help="With this in the payload or the detail, such as a key.")
    ] = "",
) -> None:
    """The options of the filter; see `selection.letter_filter`."""


def filtered(command: Callable[..., None]) -> Callable[..., None]:
    """A command with the options of the filter, which is handed a desk and a `LetterFilter`."""
    shared = list(inspect.signature(_options).parameters.values())
    own = list(inspect.signature(command).parameters.values())[2:]

    @wraps(command)
    def run(**given: Any) -> None:
        from tidegauge.cli._dlq.selection import letter_filter, open_desk

        filters = {one.name: given.pop(one.name) for one in shared}
        desk = open_desk(filters.pop("file"))
        command(desk, letter_filter(desk.pipeline, **filters), **given)

    parameters = _in_order([*shared, *own])
    vars(run)["__signature__"] = inspect.Signature(parameters)
    run.__annotations__ = {one.name: one.annotation for one in parameters}
    return run


def _in_order(parameters: Sequence[inspect.Parameter]) -> list[inspect.Parameter]:
    return sorted(parameters, key=lambda one: one.kind)
