"""`tidegauge verify`: whether what is stored is what follows from the log."""

import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from tidegauge.cli._say import say, say_json

if TYPE_CHECKING:
    from dataflows.checks.verify import Span
    from operators.accuracy.comparison import Comparison

_PERIOD_S = 1.0


def command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Pipeline file.")],
    *,
    begin: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="First time, ISO 8601 [all].")
    ] = None,
    end: Annotated[
        str | None,
        typer.Option("--to", metavar="TIME", help="Time after the last [what is settled]."),
    ] = None,
    embedded: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help="Records are in this SQLite file, not in InfluxDB."),
    ] = None,
    everything: Annotated[
        bool,
        typer.Option("--all", help="Also anomalies, matches and alerts; not with --from."),
    ] = False,
    at_least: Annotated[
        float,
        typer.Option("--at-least", min=0, max=100, help="Per cent of records that must be equal."),
    ] = 100.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Run the flow over its topics once more, and compare with what is stored.

    Nothing is written but into a temporary file. Exit code 0; 1 when fewer records are equal than
    asked for, or there are none; 2 when it could not be run.
    """
    from dataflows.checks.verify import Span, compare, recompute, stored_rows
    from tidegauge.cli import EXIT_MISTAKES
    from tidegauge.errors import UserMistake
    from tidegauge.settings import read_settings
    from tidegauge.spec.loader import load_pipeline

    if everything and begin is not None:
        raise UserMistake("--all and --from: anomalies and alerts rest on the whole history")
    pipeline = load_pipeline(file)
    settings = read_settings()
    if embedded is not None:
        settings = settings.model_copy(update={"store": embedded})
    span = Span(option_ns("--from", begin), option_ns("--to", end))
    store = stored_rows(pipeline, settings)
    with TemporaryDirectory(prefix="tidegauge-") as folder:
        into = Path(folder) / "recomputed.db"
        recompute(pipeline, settings, file.parent, into, span, _Progress())
        found = compare(pipeline, into, store, span, everything=everything)
    whole = _together(found)
    enough = whole.accuracy is not None and whole.accuracy >= at_least
    if as_json:
        say_json(_as_json(span, found, whole, at_least=at_least))
    else:
        _tell(found, whole, at_least=at_least)
    raise typer.Exit(0 if enough else EXIT_MISTAKES)


class _Progress:
    """Tells on standard error now and then how many messages were read."""

    def __init__(self) -> None:
        self._read: dict[str, int] = {}
        self._due_s = time.monotonic() + _PERIOD_S

    def __call__(self, partition: str, read: int) -> None:
        self._read[partition] = read
        if time.monotonic() >= self._due_s:
            self._due_s = time.monotonic() + _PERIOD_S
            sys.stderr.write(f"{sum(self._read.values()):,} messages read\n")


def option_ns(option: str, text: str | None) -> int | None:
    """A time as an option has it; None where it is left out.

    Raises:
        UserMistake: it is no time.
    """
    from tidegauge.errors import UserMistake
    from tidegauge.isotime import read_iso8601

    if text is None:
        return None
    read = read_iso8601(text)
    if read is None:
        raise UserMistake(f"{option} {text}: is no time; write it as 2026-01-31T12:00:00Z")
    return read.time_ns


def _together(found: "dict[str, Comparison]") -> "Comparison":
    from operators.accuracy.comparison import Comparison

    whole = Comparison()
    for one in found.values():
        whole.equal += one.equal
        whole.different += one.different
        whole.missing += one.missing
        whole.extra += one.extra
        whole.examples += one.examples
    return whole


def _as_json(
    span: "Span", found: "dict[str, Comparison]", whole: "Comparison", *, at_least: float
) -> dict[str, object]:
    return {
        "from_ns": span.from_ns,
        "to_ns": span.to_ns,
        "at_least": at_least,
        **_numbers(whole),
        "measurements": {name: _numbers(one) for name, one in found.items()},
        "examples": whole.examples,
    }


def _numbers(one: "Comparison") -> dict[str, object]:
    return {
        "equal": one.equal,
        "different": one.different,
        "missing": one.missing,
        "extra": one.extra,
        "accuracy": one.accuracy,
    }


def _tell(found: "dict[str, Comparison]", whole: "Comparison", *, at_least: float) -> None:
    for name, one in [*found.items(), ("together", whole)]:
        percent = "nothing to compare" if one.accuracy is None else f"{one.accuracy:.4f} %"
        say(
            f"{name}: {percent}: {one.equal} equal, {one.different} different,"
            f" {one.missing} missing, {one.extra} extra"
        )
    for example in whole.examples:
        say(f"  {example}")
    if whole.accuracy is not None and whole.accuracy < at_least:
        say(f"below {at_least:g} %")
