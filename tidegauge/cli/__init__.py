"""The command line: `tidegauge COMMAND`, or `python -m tidegauge.cli COMMAND`.

Every module here whose name does not begin with an underscore is a command of that name; its
function `command` is what runs, or its `commands`, by name, where it has several. A module imports
what is heavy when it is called, so that help is quick.
"""

import importlib
import pkgutil
import sys
from collections.abc import Sequence
from typing import Any

import typer
from typer.core import TyperGroup

from tidegauge.errors import UserMistake

EXIT_MISTAKES = 1
"""The command ran and what it looked at is wrong."""
EXIT_COULD_NOT_RUN = 2
"""The command could not do its work: a file is absent, a server away, an argument wrong."""


class Commands(TyperGroup):
    """Commands that are imported when they are asked for.

    Typed loosely, for Typer brings a copy of Click or uses the real one, by version.
    """

    def list_commands(self, ctx: Any) -> list[str]:
        """Names of all commands."""
        found = (module.name for module in pkgutil.iter_modules(__path__))
        return sorted(name.replace("_", "-") for name in found if not name.startswith("_"))

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of this name."""
        if cmd_name not in self.list_commands(ctx):
            return None
        module = importlib.import_module(f"{__name__}.{cmd_name.replace('-', '_')}")
        made = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        if not hasattr(module, "commands"):
            made.command(name=cmd_name)(module.command)
            return typer.main.get_command(made)
        for name, function in module.commands.items():
            made.command(name=name)(function)
        made.callback(no_args_is_help=True, help=module.__doc__)(lambda: None)
        return typer.main.get_group(made)


app = typer.Typer(
    cls=Commands,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def _about() -> None:
    """Stream analytics for Kafka, InfluxDB and Grafana from one pipeline file."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command; a person's mistake is a line of text and exit code 2."""
    try:
        app(args=arguments, prog_name="tidegauge")
    except UserMistake as mistake:
        sys.stderr.write(f"{mistake}\n")
        raise SystemExit(EXIT_COULD_NOT_RUN) from None
