"""How this process was told to run the flow: the command line of `bytewax.run`, or ours."""

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tidegauge.durations import bounded_duration_ns
from tidegauge.errors import UserMistake

RUNNERS = frozenset({"bytewax.run", "bytewax.testing", "dataflows.launch"})
"""Programs whose command line says where state is saved, how often, and by which processes."""
EPOCH_NS = 10_000_000_000
"""An epoch of a flow that was not told another."""


@dataclass(frozen=True)
class Invocation:
    """What a command line says of a run.

    Attributes:
        workers: worker threads of this process.
        process: number of this process in its cluster.
        addresses: of all processes of the cluster; none for one that is alone.
        recovery: folder of saved state.
        epoch_ns: length of an epoch.
        backup_s: how long saved states are kept, seconds.
    """

    workers: int = 1
    process: int | None = None
    addresses: tuple[str, ...] = ()
    recovery: Path | None = None
    epoch_ns: int = EPOCH_NS
    backup_s: int = 0

    @property
    def clustered(self) -> bool:
        """Whether there are other processes."""
        return len(self.addresses) > 1

    @property
    def alone(self) -> bool:
        """Whether one thread is the whole flow."""
        return not self.clustered and self.workers == 1


def epoch_ns(text: str) -> int:
    """An epoch as `100ms`, `1m`, or a whole number of seconds as Bytewax takes it.

    Raises:
        ValueError: it is none of these, or of no length.
    """
    length_ns = bounded_duration_ns(f"{text}s" if text.isdecimal() else text)
    if length_ns <= 0:
        raise ValueError(f"{text!r}: an epoch takes some time, such as 100ms or 10s")
    return length_ns


def is_runner() -> bool:
    """Whether this process was started to run a flow, by `python -m` and one of `RUNNERS`."""
    given = sys.orig_argv
    named = given[given.index("-m") + 1 :][:1] if "-m" in given else []
    return not RUNNERS.isdisjoint(named)


def own_arguments() -> list[str]:
    """Command line of this process; nothing where another program than `RUNNERS` runs the flow."""
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    names = {_module(sys.argv[0]), spec.name if spec is not None else ""}
    return [] if RUNNERS.isdisjoint(names) else sys.argv[1:]


def _module(program: str) -> str:
    """The module that a program is, by its path, or by its name under a profiler."""
    path = Path(program)
    return ".".join(path.with_suffix("").parts[-2:]) if path.suffix == ".py" else program


def read_invocation(arguments: Sequence[str] | None = None) -> Invocation:
    """What a command line says, and where it is silent Bytewax's environment variables.

    Args:
        arguments: the command line; that of this process by default. What is not known is passed
            over.

    Raises:
        ValueError: a value cannot be read.
        UserMistake: addresses are given more than once.
    """
    options = argument_parser(add_help=False)
    given, _ = options.parse_known_args(own_arguments() if arguments is None else arguments)
    return invocation_of(given)


def argument_parser(*, add_help: bool = True) -> argparse.ArgumentParser:
    """The options of `python -m bytewax.run`, with epochs of any length."""
    parser = argparse.ArgumentParser(
        prog="python -m dataflows.launch", add_help=add_help, exit_on_error=add_help
    )
    options = {
        ("-w", "--workers-per-process"): "worker threads of this process",
        ("-i", "--process-id"): "number of this process in its cluster",
        ("-a", "--addresses"): "host:port of all processes, separated by semicolons",
        ("-r", "--recovery-directory"): "folder of saved state",
        ("-s", "--snapshot-interval"): "length of an epoch: 100ms, 1m, or whole seconds",
        ("-b", "--backup-interval"): "seconds that saved states are kept",
    }
    for names, text in options.items():
        variable = f"BYTEWAX_{names[1].removeprefix('--').replace('-', '_').upper()}"
        variable = variable.replace("_BACKUP", "_RECOVERY_BACKUP")
        action: Any = _Addresses if "-a" in names else "store"
        default = os.environ.get(variable)
        parser.add_argument(*names, action=action, default=default, help=f"{text} [{variable}]")
    return parser


class _Addresses(argparse.Action):
    """Takes addresses once: of several, Bytewax would keep the last, and run a cluster of that."""

    def __init__(self, *names: Any, **options: Any) -> None:
        super().__init__(*names, **options)
        self._given: list[str] = []

    def __call__(self, _: Any, to: argparse.Namespace, value: Any, __: str | None = None) -> None:
        self._given.append(value)
        setattr(to, self.dest, only_addresses(self._given))


def only_addresses(given: Sequence[str]) -> str | None:
    """The addresses that were given by one option; None for none.

    Raises:
        UserMistake: the option was given more than once.
    """
    if len(given) > 1:
        raise UserMistake(
            f"--addresses (-a) is given {len(given)} times; name all processes in one, separated by"
            f' semicolons: -a "{";".join(given)}"'
        )
    return given[0] if given else None


def invocation_of(given: argparse.Namespace) -> Invocation:
    """What parsed options say.

    Raises:
        ValueError: a value cannot be read.
    """
    return Invocation(
        workers=int(given.workers_per_process or 1),
        process=None if given.process_id is None else int(given.process_id),
        addresses=tuple((given.addresses or "").split(";")) if given.addresses else (),
        recovery=Path(given.recovery_directory) if given.recovery_directory else None,
        epoch_ns=epoch_ns(given.snapshot_interval) if given.snapshot_interval else EPOCH_NS,
        backup_s=int(given.backup_interval or 0),
    )
