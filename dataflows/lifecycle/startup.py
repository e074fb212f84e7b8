"""How a flow starts and fails: what a person can put right is one line, never a traceback."""

import argparse
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import NoReturn

from connectors.recovery.store import PARTITIONS
from dataflows.lifecycle.engine_errors import (
    RaisedErrors,
    is_lost_connection,
    lost_peer,
    unusable,
)
from dataflows.lifecycle.invocation import own_arguments
from dataflows.lifecycle.panics import PanicFilter
from dataflows.lifecycle.recoverable import require_own, require_readable
from dataflows.lifecycle.unsaved import unsaved
from dataflows.topology.parts import failure
from operators.keygroups.shelf import FOLDER, IN_SNAPSHOTS, NOT_SAVED, Saving
from tidegauge.errors import Stop, TidegaugeError, UserMistake
from tidegauge.memory import OUT_OF_MEMORY, is_out_of_memory
from tidegauge.texts import visible

COULD_NOT_RUN = 2
"""Exit code of a flow that could not start, or not go on, before a person has done something."""
FAILED = 1
"""Exit code of a flow that had to stop, and may go on when it is started again."""

WEB_API = "BYTEWAX_DATAFLOW_API_ENABLED"


class Causes:
    """Gathers mistakes, so that a person is told all of them and not the first one only."""

    def __init__(self) -> None:
        self._lines: dict[str, None] = {}

    @contextmanager
    def gather(self) -> Iterator[None]:
        """Keep a `UserMistake` for later."""
        try:
            yield
        except UserMistake as mistake:
            self._lines |= dict.fromkeys(str(mistake).splitlines())

    def tell(self) -> None:
        """Raise what was gathered, if there is any: a line for each, once."""
        if self._lines:
            raise UserMistake("\n".join(self._lines))


@contextmanager
def one_line_errors() -> Iterator[None]:
    """End the process with the message of a `UserMistake` and exit code 2, without a traceback."""
    try:
        yield
    except Exception as error:
        mistake = error if isinstance(error, UserMistake) else _without_memory([error])
        if mistake is None:
            raise
        _say(mistake)
        raise SystemExit(COULD_NOT_RUN) from None


def tell_errors_of_ours(*, clustered: bool = False) -> None:
    """Let a flow that we stop on purpose end with the message alone, too; others as before.

    Bytewax wraps what is raised inside a step, and tells of its recovery files in a panic. The exit
    code is 2 for a `UserMistake` and a `Stop`, else 1.

    Args:
        clustered: whether there are other processes, whose end ends this one.
    """
    others = sys.excepthook
    # Where another program runs the flow, standard error is its own.
    panics = PanicFilter() if own_arguments() else None
    raised = RaisedErrors()
    raised.listen()

    def tell_at_once(error: TidegaugeError) -> None:
        """The engine may take long to let go of everything, or fail to."""
        if panics is not None:
            panics.drop()
        _say(error)

    failure.listen(tell_at_once)

    def tell(_: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        lost = clustered and is_lost_connection(error)
        found = [error, *raised.errors] if lost else [error]
        ours = failure.error or _ours(found) or _without_memory(found)
        if ours is None and lost and not raised.errors:
            ours = lost_peer()
        code = FAILED
        if ours is not None:
            if panics is not None:
                panics.drop()
            if ours is not failure.error:
                _say(ours)
            code = COULD_NOT_RUN if isinstance(ours, UserMistake | Stop) else FAILED
        elif lost:
            cause = raised.errors[0]
            others(type(cause), cause, cause.__traceback__)
        else:
            others(type(error), error, trace)
        _end(code, panics) if clustered else sys.exit(code)

    sys.excepthook = tell


def _without_memory(errors: Iterable[BaseException]) -> UserMistake | None:
    """What is told where one of them says that there is no more memory."""
    return UserMistake(OUT_OF_MEMORY) if any(map(is_out_of_memory, errors)) else None


def _ours(errors: Iterable[BaseException]) -> TidegaugeError | None:
    """The first that a person can be told of in a line."""
    for error in errors:
        if found := error_of_ours(error) or unsaved(error) or unusable(error):
            return found
    return None


def _end(code: int, panics: PanicFilter | None) -> NoReturn:
    """End the process at once: its other threads would be torn out of the middle of the engine."""
    if panics is not None:
        panics.close()
    sys.stdout.flush()
    os._exit(code)


def error_of_ours(error: BaseException | None) -> TidegaugeError | None:
    """The error that we raised on purpose and that led to this one, if it is one of ours."""
    while error is not None and not isinstance(error, TidegaugeError):
        error = error.__cause__ or error.__context__
    return error


def refuse_web_api(environment: Mapping[str, str] = os.environ) -> None:
    """Refuse the engine's own pages, which anybody who reaches the machine could read.

    Raises:
        UserMistake: the variable that opens them is set, to whatever.
    """
    if WEB_API in environment:
        raise UserMistake(
            f"{WEB_API} is set, and any value, even false, opens port 3030 on every interface"
            " without asking who calls; unset it"
        )


def require_recovery_directory(key_groups: int, arguments: Sequence[str] | None = None) -> Saving:
    """Check the folder for saved state that `python -m bytewax.run` was given, if it was.

    Args:
        key_groups: how many recovery partitions to advise.
        arguments: the command line; that of this process by default.

    Returns:
        what becomes of snapshots. A flow that is not started by `RUNNERS` keeps all in them, for
        where they go is not known here.

    Raises:
        UserMistake: it is no folder, or another user can have written it, or no recovery partitions
            are in it. With several processes they may be in the folders of the others.
    """
    if arguments is None:
        arguments = own_arguments()
    if not arguments:
        return IN_SNAPSHOTS
    parser = argparse.ArgumentParser(add_help=False, exit_on_error=False)
    parser.add_argument("-r", "--recovery-directory", type=Path)
    parser.add_argument("-b", "--backup-interval", type=int)
    parser.add_argument("-a", "--addresses")
    given, _ = parser.parse_known_args(arguments)
    folder = given.recovery_directory or os.environ.get("BYTEWAX_RECOVERY_DIRECTORY")
    if not folder:
        return NOT_SAVED
    make = f"make it with: mkdir -p {folder} && python -m bytewax.recovery {folder} {key_groups}"
    if not Path(folder).is_dir():
        raise UserMistake(f"recovery directory {folder}: there is no such folder; {make}")
    require_own(Path(folder))
    addresses = given.addresses or os.environ.get("BYTEWAX_ADDRESSES") or ""
    if ";" not in addresses and not any(Path(folder).glob(PARTITIONS)):
        raise UserMistake(f"recovery directory {folder}: no recovery partitions in it; {make}")
    backup_s = given.backup_interval or os.environ.get("BYTEWAX_RECOVERY_BACKUP_INTERVAL") or 0
    return Saving(folder=Path(folder) / FOLDER, keep_ns=int(backup_s) * 1_000_000_000)


def require_saved_state(saving: Saving) -> None:
    """See that the engine will be able to read what is saved; nothing where nothing is.

    Raises:
        UserMistake: something of it is damaged or missing, or was not made by this program.
    """
    if saving.folder is not None:
        require_readable(saving.folder.parent)


def _say(error: TidegaugeError) -> None:
    sys.stderr.write(f"{visible(str(error))}\n")
    sys.stderr.flush()
