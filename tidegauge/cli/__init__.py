"""The command line: `tidegauge COMMAND`, or `python -m tidegauge.cli COMMAND`.

Every module here whose name does not begin with an underscore is a command of that name; its
function `command` is what runs, or its `commands`, by name, where it has several. A module imports
what is heavy when it is called, so that help is quick; and this one imports nothing but what is
light, so that Ctrl-C is heard from the beginning on.
"""

import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tidegauge.errors import UserMistake
from tidegauge.memory import OUT_OF_MEMORY, is_out_of_memory
from tidegauge.texts import LINE_WIDTH, cut, is_text, visible

if TYPE_CHECKING:
    from types import FrameType

EXIT_MISTAKES = 1
"""The command ran and what it looked at is wrong."""
EXIT_COULD_NOT_RUN = 2
"""The command could not do its work: a file is absent, a server away, an argument wrong."""
EXIT_INTERRUPTED = 128 + signal.SIGINT
"""Ctrl-C has ended the command."""


def __getattr__(name: str) -> Any:
    """`app`, the commands, imported when it is asked for."""
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from tidegauge.cli._commands import app

    return app


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command; a person's mistake is a line of text and exit code 2."""
    with _ending_on_interrupt():
        try:
            _check_arguments(sys.argv[1:] if arguments is None else arguments)
            from tidegauge.cli._commands import app

            app(args=arguments, prog_name="tidegauge")
        except UserMistake as mistake:
            sys.stderr.write(f"{visible(str(mistake))}\n")
            raise SystemExit(EXIT_COULD_NOT_RUN) from None
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            sys.stderr.write(f"{OUT_OF_MEMORY}\n")
            raise SystemExit(EXIT_COULD_NOT_RUN) from None


def _check_arguments(arguments: Sequence[str]) -> None:
    """See that they are texts: what is done with a file, a key or a time needs one."""
    for argument in arguments:
        if not is_text(argument):
            raise UserMistake(
                f"{cut(argument, LINE_WIDTH)}: is no UTF-8; give a text, or rename it"
            )


@contextmanager
def _ending_on_interrupt() -> Iterator[None]:
    """Let Ctrl-C end the process in order, without a traceback, at whatever it is."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, _end)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _end(_number: int, _frame: "FrameType | None") -> None:
    raise SystemExit(EXIT_INTERRUPTED)
