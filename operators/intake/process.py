"""The user's own function over a batch: a row that raises is refused, the rest goes on."""

import importlib
from collections.abc import Callable

import polars as pl

from tidegauge.batch import OFFSET, TIME
from tidegauge.errors import UserMistake

Process = Callable[[pl.DataFrame], pl.DataFrame]


def load_process(reference: str) -> Process:
    """The function that `module:function` names.

    Raises:
        UserMistake: the module cannot be imported or has no such function.
    """
    module_name, _, name = reference.partition(":")
    try:
        function = getattr(importlib.import_module(module_name), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise UserMistake(f"process: {reference}: {error}; allowed is module:function on the Python path") from error
    if not callable(function):
        raise UserMistake(f"process: {reference} is no function; allowed is module:function")
    return function  # type: ignore[no-any-return]  # a user's function, checked when it is called


def process_rows(process: Process, frame: pl.DataFrame) -> tuple[pl.DataFrame, list[tuple[int, str]]]:
    """Apply `process`; when it raises, narrow down to the rows that make it.

    Returns:
        what it made of the others, and (offset, reason) of each row it raised for.

    Raises:
        UserMistake: it returned something other than a frame with the columns it was given.
    """
    if not frame.height:
        return frame, []
    try:
        made = process(frame)
    except Exception as error:  # noqa: BLE001 - a user's function may raise anything
        if frame.height == 1:
            return frame.clear(), [(frame[OFFSET][0], f"process: {type(error).__name__}: {error}")]
    else:
        return _checked(made, frame), []
    middle = frame.height // 2
    first, first_bad = process_rows(process, frame[:middle])
    second, second_bad = process_rows(process, frame[middle:])
    return pl.concat([first, second]), first_bad + second_bad


def _checked(made: pl.DataFrame, given: pl.DataFrame) -> pl.DataFrame:
    if not isinstance(made, pl.DataFrame):
        raise UserMistake(f"process: returned {type(made).__name__}; allowed is a Polars DataFrame")
    missing = [name for name in (TIME, OFFSET, *given.columns) if name not in made.columns]
    if missing:
        raise UserMistake(f"process: the returned frame lacks {missing[0]!r}; it must keep every column it was given")
    return made.select(given.columns).cast(given.schema)
