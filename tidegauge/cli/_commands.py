"""The commands by name, each imported when it is asked for."""

import importlib
import pkgutil
from difflib import get_close_matches
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

import tidegauge.cli
from tidegauge.cli._say import say

_SETTINGS: dict[str, Any] = {"help_option_names": ["-h", "--help"]}


class Suggesting(TyperGroup):
    """Tells which command may have been meant by a name that is none.

    Typed loosely, for Typer brings a copy of Click or uses the real one, by version.
    """

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that the first argument names."""
        names = self.list_commands(ctx)
        if args and args[0] not in names and not args[0].startswith("-"):
            close = get_close_matches(args[0], names)
            meant = f"Did you mean {' or '.join(map(repr, close))}?" if close else ""
            ctx.fail(f"No such command {args[0]!r}. {meant or 'Commands: ' + ', '.join(names)}")
        return super().resolve_command(ctx, args)


class Commands(Suggesting):
    """Commands that are imported when they are asked for."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Names of all commands."""
        found = (module.name for module in pkgutil.iter_modules(tidegauge.cli.__path__))
        return sorted(name.replace("_", "-") for name in found if not name.startswith("_"))

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of this name."""
        if cmd_name not in self.list_commands(ctx):
            return None
        module = importlib.import_module(f"{tidegauge.cli.__name__}.{cmd_name.replace('-', '_')}")
        made = typer.Typer(
            name=cmd_name,
            cls=Suggesting,
            add_completion=False,
            pretty_exceptions_enable=False,
            context_settings=_SETTINGS,
        )
        if not hasattr(module, "commands"):
            made.command(name=cmd_name, context_settings=_SETTINGS)(module.command)
            return typer.main.get_command(made)
        for name, function in module.commands.items():
            made.command(name=name, context_settings=_SETTINGS)(function)
        made.callback(no_args_is_help=True, help=module.__doc__)(lambda: None)
        return typer.main.get_group(made)


app = typer.Typer(
    cls=Commands,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings=_SETTINGS,
)


def _tell_version(*, asked: bool) -> None:
    if asked:
        from importlib.metadata import PackageNotFoundError, version

        try:
            say(f"tidegauge {version('tidegauge')}")
        except PackageNotFoundError:
            say("tidegauge of a checkout that is not installed")
        raise typer.Exit


@app.callback()
def _about(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            "-V",
            help="Print the version.",
            is_eager=True,
            callback=lambda value: _tell_version(asked=value),
        ),
    ] = False,
) -> None:
    """Stream analytics for Kafka, InfluxDB and Grafana from one pipeline file."""
