"""`tidegauge demo`: see it work, with nothing but Python."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from tidegauge.cli._say import say_json

DATA = Path(__file__).parents[2] / "data" / "demo"
INTERRUPTED = 130


def command(
    *,
    seconds: Annotated[
        str, typer.Option(envvar="DEMO_SECONDS", help="How long the stream runs: 20 to 3600.")
    ] = "60",
    seed: Annotated[
        str, typer.Option(envvar="DEMO_SEED", help="The same one gives the same faults.")
    ] = "1",
    data: Annotated[Path, typer.Option(help="Folder for its data, fresh in each run.")] = DATA,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
    live: Annotated[
        bool | None,
        typer.Option(
            "--live/--no-live",
            help="A live page meanwhile [if this is a terminal].",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Run the machines pipeline on a simulated shop floor with faults, and count what it finds.

    Exit code 0, or 1 when it found less than 90 % of the faults or gave more than two false alarms,
    or 2 when it could not run.
    """
    from tidegauge.cli import EXIT_MISTAKES
    from tidegauge.cli._demo.interrupts import Interrupts
    from tidegauge.cli._demo.options import parse_options
    from tidegauge.cli._demo.report import live_command, print_report
    from tidegauge.cli._demo.run import run
    from tidegauge.cli._demo.screen import Screen
    from tidegauge.cli._screen import Terminal

    if live is None:
        live = sys.stdout.isatty()
    options = parse_options(seconds, seed, _short(data), live=live)
    # With --json, standard output is the summary's alone.
    console = Terminal(stderr=as_json)
    screen = Screen(console, options.seconds)
    try:
        with Interrupts() as interrupts:
            summary = run(options, screen, interrupts)
    except KeyboardInterrupt:
        screen.say("Stopped: broker, simulator and flow have ended")
        raise typer.Exit(INTERRUPTED) from None
    if as_json:
        say_json(summary.as_json())
    else:
        print_report(console, summary)
        if options.live:
            again = f"\nThe live page again:\n{live_command(options.store)}"
            console.print(again, soft_wrap=True, markup=False, highlight=False)
    if not summary.passed:
        raise typer.Exit(EXIT_MISTAKES)


def _short(path: Path) -> Path:
    """The path from here, where it is below here."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
