"""Dead letters of a pipeline: list, show, redrive, drop."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tidegauge.cli._dlq.options import DryRun, Json, Yes, filtered
from tidegauge.cli._say import say, say_lines

if TYPE_CHECKING:
    from connectors.kafka.letters.filters import LetterFilter
    from tidegauge.cli._dlq.selection import Desk

_LISTED = 50


@filtered
def list_(
    desk: "Desk",
    wanted: "LetterFilter",
    *,
    everything: Annotated[
        bool, typer.Option("--all", help="Also those that were handled.")
    ] = False,
    limit: Annotated[int, typer.Option(help="At most so many, the newest.", min=1)] = _LISTED,
    as_json: Json = False,
) -> None:
    """List open letters, the newest last. Exit code 0, or 2 when they cannot be read.

    JSON holds all of them, whatever the limit.
    """
    from connectors.kafka.letters.marks import State
    from tidegauge.cli._dlq.printing import as_object, print_json, print_list
    from tidegauge.cli._dlq.selection import chosen

    entries = chosen(desk, wanted, frozenset(State if everything else {State.OPEN}))
    if as_json:
        print_json([as_object(entry) for entry in entries])
    else:
        print_list(entries, limit)


def show(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Pipeline file.")],
    ids: Annotated[list[str], typer.Argument(metavar="ID...", help="How ids of letters begin.")],
    *,
    as_json: Json = False,
) -> None:
    """Show all of some letters, handled or not. Exit code 1 when there is none."""
    from connectors.kafka.letters.filters import LetterFilter
    from connectors.kafka.letters.marks import State
    from tidegauge.cli import EXIT_MISTAKES
    from tidegauge.cli._dlq.printing import as_object, print_json, print_one
    from tidegauge.cli._dlq.selection import chosen, open_desk

    entries = chosen(open_desk(file), LetterFilter(ids=tuple(ids)), frozenset(State))
    if as_json:
        print_json([as_object(entry) for entry in entries])
    else:
        for entry in entries:
            print_one(entry)
    if not entries:
        say("no letter has such an id", err=True)
        raise typer.Exit(EXIT_MISTAKES)


@filtered
def redrive(
    desk: "Desk",
    wanted: "LetterFilter",
    *,
    again: Annotated[bool, typer.Option("--again", help="Also letters that were handled.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Also what would be refused again.")
    ] = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Send the messages of open letters to their topics again.

    What the flow would refuse again, by the file as it is now, is not sent, and its letter stays
    open: a message whose windows are closed would be late. So does that of a message that is larger
    than its topic takes. Exit code 0 when all were sent, 1 when some were left out, 2 when it could
    not run, or not go on.
    """
    from connectors.kafka.letters.marks import State
    from tidegauge.cli import EXIT_COULD_NOT_RUN, EXIT_MISTAKES
    from tidegauge.cli._dlq.printing import print_json, print_plans, print_unsent, progress
    from tidegauge.cli._dlq.redriving import plan_redrive, redrive
    from tidegauge.cli._dlq.selection import chosen

    found = chosen(desk, wanted, frozenset(State))
    all_of = [one for entry in found for one in entry.messages or (entry,)]
    entries = [entry for entry in all_of if again or entry.mark is None]
    plans = plan_redrive(desk, entries, force=force)
    sending, handled = sum(not plan.hindrance for plan in plans), len(all_of) - len(entries)
    if not as_json:
        print_plans(plans, handled)
    unsent, fault = 0, None
    if sending and not dry_run:
        if not yes:
            typer.confirm(f"Send {sending} message(s)?", abort=True, err=True)
        with progress("sending", sending) as advance:
            outcome = redrive(desk, plans, advance)
        plans, unsent, fault = outcome.of(plans), len(outcome.unsent), outcome.fault
        if not as_json:
            print_unsent(plans, outcome.unsent)
    sent = 0 if dry_run else sending - unsent
    if as_json:
        told = [plan.as_object() for plan in plans]
        print_json({"dry_run": dry_run, "sent": sent, "handled": handled, "letters": told})
    elif not dry_run:
        say(f"{sent} sent")
    if fault is not None:
        say_lines(fault, err=True)
        raise typer.Exit(EXIT_COULD_NOT_RUN)
    # To name a letter that was handled is to ask for what is not done without --again.
    left_out = len(plans) > sending - unsent or bool(wanted.ids and handled)
    raise typer.Exit(EXIT_MISTAKES if left_out else 0)


@filtered
def drop(
    desk: "Desk",
    wanted: "LetterFilter",
    *,
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Mark open letters as given up; they stay in their topic. Exit code 0, or 2."""
    from tidegauge.cli._dlq.printing import as_object, counted, print_json
    from tidegauge.cli._dlq.redriving import drop
    from tidegauge.cli._dlq.selection import chosen

    entries = chosen(desk, wanted)
    if not as_json:
        say(counted(entries))
    dropped = 0
    if entries and not dry_run:
        if not yes:
            typer.confirm(f"Give up {len(entries)} letter(s)?", abort=True, err=True)
        dropped = drop(desk, entries)
    if as_json:
        told = [as_object(entry) for entry in entries]
        print_json({"dry_run": dry_run, "dropped": dropped, "letters": told})
    elif not dry_run:
        say(f"{dropped} dropped")


commands = {"list": list_, "show": show, "redrive": redrive, "drop": drop}
