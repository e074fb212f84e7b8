"""Errors as the engine hands them on, and those that it loses on the way."""

from typing import Any

from bytewax.errors import BytewaxRuntimeError
from bytewax.recovery import (
    InconsistentPartitionsError,
    MissingPartitionsError,
    NoPartitionsError,
)

from tidegauge.errors import Retry, UserMistake

_UNUSABLE = (InconsistentPartitionsError, MissingPartitionsError, NoPartitionsError)
_PANIC = "PanicException"
_CONNECTION = "thread panic"
"""What the engine's panic says when a thread that speaks with another process has ended."""


class RaisedErrors:
    """Every error that a step has raised in this process, oldest first.

    In a cluster the engine tells the main thread of its broken connections only: an error that a
    worker has raised breaks them, and is dropped. All are wrapped in one class before, of Python.
    """

    def __init__(self) -> None:
        self.errors: list[BytewaxRuntimeError] = []

    def listen(self) -> None:
        """Note them from now on."""
        errors, make = self.errors, BytewaxRuntimeError.__init__

        def noted(self: BytewaxRuntimeError, *args: Any) -> None:
            make(self, *args)
            errors.append(self)

        # The engine has no other place to ask.
        setattr(BytewaxRuntimeError, "__init__", noted)  # noqa: B010 - no method, for the types


def unusable(error: BaseException | None) -> UserMistake | None:
    """What a person must do, where the recovery partitions do not belong together."""
    while error is not None:
        if isinstance(error, _UNUSABLE):
            told = " ".join(str(error).split())
            return UserMistake(
                f"recovery directory: {told}; put back a copy of the whole folder, or start with an"
                " empty one"
            )
        error = error.__cause__ or error.__context__
    return None


def is_lost_connection(error: BaseException) -> bool:
    """Whether the engine says that it cannot speak with another process any more."""
    return type(error).__name__ == _PANIC and _CONNECTION in str(error)


def lost_peer() -> Retry:
    """What to tell of it, where this process has not failed itself."""
    return Retry(
        "another process of this cluster has ended, and so this one does: see to what that one has"
        " told, then start all of them again"
    )
