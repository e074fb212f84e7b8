"""Letters on a screen and as JSON."""

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from connectors.kafka.letters.log import Entry
from tidegauge.cli._say import say, say_json
from tidegauge.cli._screen import screen
from tidegauge.texts import visible

if TYPE_CHECKING:
    from tidegauge.cli._dlq.redriving import Plan

SHORT_ID = 12
MOST_PLANS = 50


def as_object(entry: Entry) -> dict[str, Any]:
    """A letter for programs."""
    letter, mark = entry.letter, entry.mark
    return {
        "id": letter.id,
        "state": entry.state.value,
        "at": iso8601(letter.at_ms),
        "kind": letter.kind,
        "reason": letter.reason,
        "detail": letter.detail,
        "topic": letter.topic,
        "partition": letter.partition,
        "offset": letter.offset,
        "attempt": entry.attempt,
        "origin": entry.origin,
        "payload": letter.text,
        "encoding": letter.encoding,
        "size": letter.size,
        "key": letter.key_text,
        "key_encoding": letter.key_encoding,
        "handled_at": iso8601(mark.at_ms) if mark else None,
        "sent_to": [str(spot) for spot in mark.sent] if mark else [],
    }


def iso8601(at_ms: int) -> str:
    """A time, UTC."""
    moment = datetime.fromtimestamp(at_ms / 1_000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def print_json(found: Any) -> None:
    """One JSON value."""
    say_json(found, indent=1)


def print_list(entries: Sequence[Entry], limit: int) -> None:
    """The newest letters as a table, and how many there are of each kind."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in ("id", "written", "kind", "message", "attempt", "state"):
        table.add_column(heading, no_wrap=True)
    table.add_column("reason", overflow="ellipsis", no_wrap=True)
    shown = sorted(entries, key=lambda entry: entry.letter.at_ms)[-limit:]
    for entry in shown:
        letter = entry.letter
        where = str(letter.spot) if letter.spot else letter.topic
        told = [letter.id[:SHORT_ID], iso8601(letter.at_ms), letter.kind, where]
        table.add_row(*told, str(entry.attempt), entry.state.value, _line(letter.reason))
    if shown:
        screen().print(table)
    say(counted(entries) + ("" if len(shown) == len(entries) else f"; newest {limit} shown"))


def counted(entries: Sequence[Entry]) -> str:
    """How many letters, and of which kinds."""
    kinds = Counter(entry.letter.kind for entry in entries)
    of = ", ".join(f"{kind} {number}" for kind, number in kinds.most_common())
    return f"{len(entries)} letter{'' if len(entries) == 1 else 's'}" + (f": {of}" if of else "")


def print_one(entry: Entry) -> None:
    """All of a letter, a line a member."""
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in as_object(entry).items():
        if value not in (None, []):
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            table.add_row(name, visible(text))
    screen().print(table)


def print_plans(plans: "Sequence[Plan]", handled: int) -> None:
    """What is to become of letters: how many are sent, and how many are not for each reason."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in ("id", "message", "kind", "attempt"):
        table.add_column(heading, no_wrap=True)
    table.add_column("what becomes of it", overflow="ellipsis", no_wrap=True)
    for plan in plans[:MOST_PLANS]:
        letter = plan.entry.letter
        refused = f"sent, and refused again as {plan.prospect.kind}: {plan.prospect.reason}"
        outcome = plan.hindrance or ("sent" if plan.prospect.good else refused)
        where = str(letter.spot) if letter.spot else letter.topic
        attempt = str(plan.entry.attempt + (not plan.hindrance))
        table.add_row(letter.id[:SHORT_ID], where, letter.kind, attempt, _line(outcome))
    if plans:
        screen().print(table)
    sent = sum(not plan.hindrance for plan in plans)
    late = sum(plan.prospect.kind == "late" for plan in plans)
    told = [f"{len(plans)} letter(s)", f"{sent} to be sent", f"{len(plans) - sent} left out"]
    told += [f"{late} too late for their windows"] if late else []
    told += [f"{handled} handled before (--again sends them, too)"] if handled else []
    say(", ".join(told))


def print_unsent(plans: "Sequence[Plan]", unsent: Collection[str]) -> None:
    """Letters whose messages were to be sent and were not, and why."""
    left = [plan for plan in plans if plan.entry.letter.id in unsent]
    for plan in left[:MOST_PLANS]:
        letter = plan.entry.letter
        where = str(letter.spot) if letter.spot else letter.topic
        say(f"not sent: {letter.id[:SHORT_ID]} {where}: {_line(plan.hindrance)}")
    if len(left) > MOST_PLANS:
        say(f"not sent: {len(left) - MOST_PLANS} more")


@contextmanager
def progress(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """A bar on standard error where that is a terminal; what is given is told of how many more."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=screen(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda more: bar.advance(task, more)


def _line(text: str) -> str:
    return visible(text).replace("\n", "␊")
