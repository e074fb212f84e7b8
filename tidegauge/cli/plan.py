"""`tidegauge plan`: what an edited pipeline file does to state and stored records."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tidegauge.cli._say import say, say_json

if TYPE_CHECKING:
    from connectors.influxdb.conflicts import Conflict
    from tidegauge.spec.models import Pipeline
    from tidegauge.statedefs import Definitions


def command(
    old: Annotated[
        Path,
        typer.Argument(metavar="OLD", help="The file before, or a recovery directory."),
    ],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="The edited file.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Tell what becomes of the state of each source, window, pattern, anomaly, forecast and alert.

    Also tells which columns InfluxDB could not hold beside those that are there. A start decides
    the same way. Exit code 0 when all state is kept, 1 when some would begin anew, nothing could be
    kept or columns conflict, 2 when a file cannot be read.
    """
    from operators.state.decisions import Verdict, decide
    from operators.state.definitions import definitions_of
    from operators.state.wording import called
    from tidegauge.cli import EXIT_MISTAKES
    from tidegauge.spec.loader import load_pipeline

    pipeline = load_pipeline(new)
    if old.is_dir():
        before, conflicts = _remembered(old), list["Conflict"]()
    else:
        # An older version is often a lone copy: what it names is where the new one has it.
        previous = load_pipeline(old, folder=new.parent)
        before = definitions_of(previous)
        conflicts = _conflicts(previous, pipeline)
    decisions = decide(before, definitions_of(pipeline))
    bad = bool(conflicts) or any(one.hinders for one in decisions)
    if as_json:
        state = [
            {"part": one.part, "verdict": one.verdict, "why": one.why or None} for one in decisions
        ]
        columns = [
            {"measurement": one.measurement, "column": one.column, "why": one.why}
            for one in conflicts
        ]
        say_json({"state": state, "conflicts": columns})
    else:
        for decision in decisions:
            why = f": {decision.why}" if decision.why else ""
            say(f"{decision.verdict:8} {called(decision.part)}{why}")
        if agreeing := [one.part for one in decisions if one.verdict is Verdict.RESET]:
            options = " ".join(f"--accept-reset {shlex.quote(part)}" for part in agreeing)
            say(f"to agree to what begins anew: tidegauge run {new} {options}")
        for conflict in conflicts:
            say(f"conflict {conflict.measurement}.{conflict.column}: {conflict.why}")
    raise typer.Exit(EXIT_MISTAKES if bad else 0)


def _remembered(folder: Path) -> "Definitions":
    from connectors.recovery.remembered import FILE, read_definitions
    from tidegauge.errors import UserMistake

    found = read_definitions(folder)
    if found is None:
        raise UserMistake(f"{folder}: no {FILE} in it; name the recovery directory of a flow")
    return found


def _conflicts(previous: "Pipeline", pipeline: "Pipeline") -> "list[Conflict]":
    from connectors.influxdb.conflicts import conflicts
    from tidegauge.catalogue import catalogue_of

    before, after = previous.output.influxdb, pipeline.output.influxdb
    if before is None or after is None or before.bucket != after.bucket:
        return []
    return conflicts(catalogue_of(previous), catalogue_of(pipeline))
