"""The user's own function over a batch: a row that raises is refused, the rest goes on."""

import importlib
from collections.abc import Callable

import polars as pl

from tidegauge.batch import OFFSET, TIME
from tidegauge.errors import UserMistake
from tidegauge.finite import finite_columns

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
        raise UserMistake(
            f"process: {reference}: {error}; allowed is module:function on the Python path"
        ) from error
    if not callable(function):
        raise UserMistake(f"process: {reference} is no function; allowed is module:function")
    return function  # type: ignore[no-any-return]  # a user's function, checked when it is called


def process_rows(
    process: Process, frame: pl.DataFrame
) -> tuple[pl.DataFrame, list[tuple[int, str]]]:
    """Apply `process`; when it raises, narrow down to the rows that make it.

    It may leave out rows and change their fields. It may not add rows, nor move them in time, on
    which their lateness was judged already.

    Returns:
        what it made of the others, and (offset, reason) of each row it raised for.

    Raises:
        UserMistake: it returned something else than such a frame.
    """
    if not frame.height:
        return frame, []
    try:
        made = process(frame)
    except (Exception, pl.exceptions.PanicException) as error:  # noqa: BLE001 - a user's function
        if frame.height == 1:
            return frame.clear(), [(frame[OFFSET][0], f"process: {type(error).__name__}: {error}")]
    else:
        return _checked(made, frame), []
    middle = frame.height // 2
    first, first_bad = process_rows(process, frame[:middle])
    second, second_bad = process_rows(process, frame[middle:])
    return pl.concat([first, second]), first_bad + second_bad


def _checked(made: object, given: pl.DataFrame) -> pl.DataFrame:
    """The returned rows in offset order, with the columns and types that were given.

    A float that is no finite number becomes null, as everywhere.
    """
    if not isinstance(made, pl.DataFrame):
        raise UserMistake(f"process: returned {type(made).__name__}; allowed is a Polars DataFrame")
    missing = [name for name in given.columns if name not in made.columns]
    if missing:
        raise UserMistake(
            f"process: the returned frame lacks {missing[0]!r};"
            " it must keep every column it was given"
        )
    try:
        made = made.select(given.columns).cast(given.schema)
    except pl.exceptions.PolarsError as error:
        reason = str(error).partition("\n")[0]
        raise UserMistake(
            f"process: the types of the returned frame do not fit: {reason};"
            " it must keep the type of every column it was given"
        ) from error
    floats = [name for name, dtype in given.schema.items() if dtype == pl.Float64]
    made = made.with_columns(finite_columns(floats))
    if not made[OFFSET].is_sorted():
        made = made.sort(OFFSET)
    kept = (
        given
        if made.height == given.height
        else given.filter(given[OFFSET].is_in(made[OFFSET].implode()))
    )
    if not made.select(OFFSET, TIME).equals(kept.select(OFFSET, TIME)):
        raise UserMistake(
            f"process: the returned frame has new rows, or other values of {OFFSET} or {TIME};"
            " it may leave out rows and change fields"
        )
    return made
