"""`tidegauge run`: the flow of a pipeline file, in one process or several on this machine."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from tidegauge.spec.models import Pipeline

LAUNCHER = "dataflows.launch"
HOST = "127.0.0.1"
PASSED_ON = {
    signal.SIGTERM: signal.SIGTERM,
    signal.SIGINT: signal.SIGINT,
    signal.SIGHUP: signal.SIGTERM,
}
"""What each signal to this process becomes for those it started: their terminal may be gone."""
GRACE_S = 10.0
"""How long the other processes may take to end after one has failed."""
DEFAULT_EPOCH = "10s"


def command(  # noqa: PLR0913 - a parameter is an option
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Pipeline file.")],
    *,
    workers: Annotated[
        int, typer.Option(min=1, max=256, help="Worker threads of each process.")
    ] = 1,
    processes: Annotated[int, typer.Option(min=1, max=256, help="Processes on this machine.")] = 1,
    process_id: Annotated[
        int | None,
        typer.Option("--process-id", "-i", min=0, help="Be this process of a cluster."),
    ] = None,
    addresses: Annotated[
        list[str] | None,
        typer.Option(
            "--addresses", "-a", metavar="HOST:PORT;…", help="All processes of that cluster."
        ),
    ] = None,
    recovery: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Keep state here, and go on from what is there."),
    ] = None,
    epoch: Annotated[
        str | None,
        typer.Option(
            metavar="DURATION", help=f"Save state so often: 100ms, 1m, 5 [{DEFAULT_EPOCH}]."
        ),
    ] = None,
    backup: Annotated[
        int | None,
        typer.Option(min=0, max=10**9, metavar="SECONDS", help="Keep saved states so long [0]."),
    ] = None,
    embedded: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help="Store records in this SQLite file, not in InfluxDB."),
    ] = None,
    accept_reset: Annotated[
        list[str] | None,
        typer.Option(metavar="PART", help="Saved state that may begin anew: window:spend, all."),
    ] = None,
) -> None:
    """Check a pipeline file and run its flow.

    Every process could be started by `python -m bytewax.run` as well, with epochs of whole seconds.
    SIGTERM and SIGINT let it save its state and end. Exit code 2 when it could not start, else
    that of the flow; with several processes the first that is not 0.
    """
    from connectors.recovery.lock import require_unclaimed
    from tidegauge.errors import UserMistake
    from tidegauge.spec.loader import load_pipeline

    pipeline = load_pipeline(file)
    options = ["-w", str(workers), *_place(process_id, addresses, processes)]
    if recovery is not None:
        prepare_recovery(recovery, pipeline)
        if processes > 1:
            # Each of them would be refused; one line is enough.
            require_unclaimed(recovery, pipeline.pipeline)
        options += ["-r", str(recovery), "-s", _epoch(epoch), "-b", str(backup or 0)]
    elif epoch is not None or backup is not None:
        raise UserMistake("--epoch and --backup are about saved state: name a folder by --recovery")
    environment = dict(os.environ)
    if embedded is not None:
        environment["TIDEGAUGE_STORE"] = str(embedded)
    if accept_reset:
        environment["TIDEGAUGE_ACCEPT_RESET"] = ",".join(accept_reset)
    commands = flow_commands(file, options, processes)
    if processes == 1:
        sys.stdout.flush()
        with _held_back(signal.SIGINT):
            os.execve(commands[0][0], commands[0], environment)  # noqa: S606 - our own command, no shell
    raise typer.Exit(asyncio.run(supervise(commands, environment)))


def _place(process_id: int | None, given: Sequence[str] | None, processes: int) -> list[str]:
    """Options of one process of a cluster that is started elsewhere, too."""
    from dataflows.lifecycle.invocation import only_addresses
    from tidegauge.errors import UserMistake

    addresses = only_addresses(given or ())
    if process_id is None and addresses is None:
        return []
    if process_id is None or addresses is None:
        raise UserMistake("--process-id and --addresses belong together")
    if processes > 1:
        raise UserMistake("--processes starts all processes: give it without --addresses")
    known = addresses.split(";")
    if process_id >= len(known):
        raise UserMistake(
            f"--process-id {process_id}: --addresses names {len(known)};"
            f" allowed: 0 to {len(known) - 1}"
        )
    return ["-i", str(process_id), "-a", addresses]


def _epoch(text: str | None) -> str:
    from dataflows.lifecycle.invocation import epoch_ns
    from tidegauge.errors import UserMistake

    try:
        epoch_ns(text or DEFAULT_EPOCH)
    except ValueError as error:
        raise UserMistake(f"--epoch {error}") from None
    return text or DEFAULT_EPOCH


def prepare_recovery(folder: Path, pipeline: "Pipeline") -> None:
    """Make the recovery partitions in a new or empty folder; one that has some stays as it is.

    There are as many as key groups: the state of a group is in one of them, and neither number
    can change later. Of several that start together one makes them. Nobody else can read them.

    Raises:
        UserMistake: the folder is something else, or cannot be made, or others can write it.
    """
    from bytewax.recovery import init_db_dir

    from connectors.recovery.lock import guarded
    from connectors.recovery.store import PARTITIONS
    from dataflows.lifecycle.recoverable import require_own
    from tidegauge.errors import UserMistake
    from tidegauge.private import FILE_MODE, private_folder, private_umask

    try:
        private_folder(folder)
        _is_empty(folder)
        require_own(folder)
        with guarded(folder):
            if _is_empty(folder):
                with private_umask():
                    init_db_dir(folder, pipeline.state.key_groups)  # type: ignore[no-untyped-call]  # it has no types
                for path in folder.glob(PARTITIONS):
                    path.chmod(FILE_MODE)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise UserMistake(
            f"--recovery {folder}: {reason}; name a folder that can be made"
        ) from None


def _is_empty(folder: Path) -> bool:
    """Whether the partitions are yet to be made.

    Raises:
        UserMistake: there are files, and no partition among them.
    """
    from connectors.recovery.lock import is_lock
    from tidegauge.errors import UserMistake

    names = [entry.name for entry in folder.iterdir() if not is_lock(entry.name)]
    if names and not any(one.startswith("part-") and one.endswith(".sqlite3") for one in names):
        raise UserMistake(f"--recovery {folder}: holds other files; name a new or empty folder")
    return not names


def flow_commands(file: Path, options: Sequence[str], processes: int) -> list[list[str]]:
    """The command of each process; several find each other at free ports of this machine."""
    base = [sys.executable, "-m", LAUNCHER, str(file), *options]
    if processes == 1:
        return [base]
    addresses = ";".join(f"{HOST}:{port}" for port in _free_ports(processes))
    return [[*base, "-i", str(number), "-a", addresses] for number in range(processes)]


async def supervise(
    commands: Sequence[Sequence[str]], environment: Mapping[str, str], grace_s: float = GRACE_S
) -> int:
    """Run commands side by side until all have ended.

    They get the signals of `PASSED_ON`. When one fails the others are told to end, and after
    `grace_s` they are ended.

    Returns:
        the first exit code that is not 0, if any; 128 and the number for one ended by a signal.
    """
    running: list[asyncio.subprocess.Process] = []
    told: list[signal.Signals] = []

    def pass_on(received: signal.Signals) -> None:
        told.append(received)
        _tell(running, PASSED_ON[received])

    loop = asyncio.get_running_loop()
    for received in PASSED_ON:
        loop.add_signal_handler(received, pass_on, received)
    for command_ in commands:
        with _held_back(signal.SIGINT):
            # In a session of its own it gets the terminal's signals from us only, and so once.
            process = await asyncio.create_subprocess_exec(
                *command_, env=environment, start_new_session=True
            )
        running.append(process)
        for received in told:
            _tell([process], PASSED_ON[received])
    return await _first_failure(running, grace_s)


@contextmanager
def _held_back(sign: signal.Signals) -> Iterator[None]:
    """Let a process that is started hear a signal when it begins to listen, and not before.

    In between it would end in a traceback.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [sign])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


async def _first_failure(running: Sequence[asyncio.subprocess.Process], grace_s: float) -> int:
    waiting = {asyncio.ensure_future(process.wait()) for process in running}
    failure, left_s = 0, None
    while waiting:
        done, waiting = await asyncio.wait(
            waiting, timeout=left_s, return_when=asyncio.FIRST_COMPLETED
        )
        codes = [code for code in (task.result() for task in done) if code]
        if codes and not failure:
            failure, left_s = codes[0], grace_s
            _tell(running, signal.SIGTERM)
        elif not done:
            _tell(running, signal.SIGKILL)
            left_s = None
    return 128 - failure if failure < 0 else failure


def _tell(processes: Sequence[asyncio.subprocess.Process], sign: signal.Signals) -> None:
    for process in processes:
        if process.returncode is None:
            process.send_signal(sign)


def _free_ports(count: int) -> list[int]:
    """Ports that nothing listens on: all are held until the last is found, so that they differ."""
    with ExitStack() as held:
        listeners = [held.enter_context(socket.socket()) for _ in range(count)]
        for listener in listeners:
            listener.bind((HOST, 0))
        return [listener.getsockname()[1] for listener in listeners]
