"""A start goes on from saved state only as far as it was agreed to."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from connectors.recovery.remembered import read_definitions, write_definitions
from operators.keygroups.begun import Begun
from operators.keygroups.shelf import Saving
from operators.state.decisions import Decision, Verdict, agreed, decide, remembered
from operators.state.definitions import definitions_of
from operators.state.wording import EVENTS, called
from tidegauge.errors import UserMistake
from tidegauge.spec.models import Pipeline
from tidegauge.statedefs import Definitions

ACCEPT = "TIDEGAUGE_ACCEPT_RESET"


@dataclass(frozen=True)
class Agreement:
    """What a start goes on from.

    Attributes:
        saving: what becomes of snapshots, with the parts that begin anew.
        definitions: what the directory is to remember.
    """

    saving: Saving
    definitions: Definitions

    def remember(self) -> None:
        """Write down what the state is made for from now on; nothing where none is saved.

        Raises:
            UserMistake: it cannot be written.
        """
        if (folder := _folder(self.saving)) is not None:
            write_definitions(folder, self.definitions)


def agree(pipeline: Pipeline, saving: Saving, accepted: str) -> Agreement:
    """Compare a pipeline with what the state in the recovery directory was made for.

    Args:
        pipeline: the pipeline.
        saving: what becomes of snapshots.
        accepted: parts that may begin anew, separated by commas; `all` for any.

    Raises:
        UserMistake: a part would begin anew and nobody agreed, or nothing can be kept; a line each.
    """
    new = definitions_of(pipeline)
    folder = _folder(saving)
    old = read_definitions(folder) if folder is not None else None
    decisions = [] if old is None else decide(old, new)
    if open_ := agreed(decisions, [part.strip() for part in accepted.split(",")]):
        raise UserMistake("\n".join(map(told, open_)))
    after = remembered(old, new, decisions)
    numbers = {key: part.begun for key, part in after.parts.items() if part.begun}
    known = old.partitions if old else {}
    return Agreement(replace(saving, begun=Begun(numbers)), replace(after, partitions=dict(known)))


def told(decision: Decision) -> str:
    """A line about what hinders a start, and what can be done about it."""
    if decision.verdict is Verdict.REFUSED:
        return f"saved state: {decision.why}"
    kind, _, name = decision.part.partition(":")
    part = called(decision.part) if kind == EVENTS else f"{kind} {name!r}"
    return (
        f"saved state: {part} was made for another definition ({decision.why}); to let its"
        f" state begin anew set {ACCEPT}={decision.part} or run with --accept-reset"
        f" {decision.part}, or undo the change"
    )


def hindering(decisions: Iterable[Decision]) -> list[Decision]:
    """Decisions that a start must be agreed to, or cannot go on with."""
    return [one for one in decisions if one.hinders]


def _folder(saving: Saving) -> Path | None:
    return saving.folder.parent if saving.folder is not None else None
