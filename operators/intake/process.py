"""The user's own function over a batch: a row that raises is refused, the rest goes on."""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import polars as pl

from tidegauge.batch import OFFSET, TIME
from tidegauge.errors import UserMistake
from tidegauge.fieldtypes import FieldType
from tidegauge.finite import finite_columns

Function = Callable[[pl.DataFrame], pl.DataFrame]


@dataclass(frozen=True, slots=True)
class Process:
    """A function and what it does to the columns.

    Attributes:
        source: path of the source in the pipeline file.
        function: what is called.
        adds: columns that it adds, with their types.
    """

    source: str
    function: Function
    adds: Mapping[str, FieldType] = field(default_factory=dict)

    def with_added(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Rows that the function has not seen, with the columns that it would have added."""
        absent = (pl.lit(None, kind.dtype).alias(name) for name, kind in self.adds.items())
        return frame.with_columns(absent) if self.adds else frame


def load_process(reference: str) -> Function:
    """The function that `module:function` names.

    Raises:
        UserMistake: the module cannot be imported or has no such function.
    """
    module_name, _, name = reference.partition(":")
    try:
        function = getattr(importlib.import_module(module_name), name)
    except Exception as error:  # an import runs the user's module
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UserMistake(
            f"process: {reference}: {reason}; allowed is module:function on the Python path"
        ) from error
    if not callable(function):
        raise UserMistake(f"process: {reference} is no function; allowed is module:function")
    return function  # type: ignore[no-any-return]  # a user's function, checked when it is called


def process_rows(
    process: Process, frame: pl.DataFrame
) -> tuple[pl.DataFrame, list[tuple[int, str]]]:
    """Apply the function; when it raises, narrow down to the rows that make it.

    It may leave out rows, change their fields, and add the columns that are declared. It may not
    add rows, nor move them in time, on which their lateness was judged already.

    Returns:
        what it made of the others, and (offset, reason) of each row it raised for.

    Raises:
        UserMistake: it returned something else than such a frame.
    """
    if not frame.height:
        return process.with_added(frame), []
    try:
        made = process.function(frame)
    except MemoryError:
        # That is no row's fault.
        raise
    except (Exception, pl.exceptions.PanicException) as error:  # noqa: BLE001 - a user's function
        if frame.height == 1:
            reason = f"process: {type(error).__name__}: {error}"
            return process.with_added(frame.clear()), [(frame[OFFSET][0], reason)]
    else:
        return _checked(process, made, frame), []
    middle = frame.height // 2
    first, first_bad = process_rows(process, frame[:middle])
    second, second_bad = process_rows(process, frame[middle:])
    return pl.concat([first, second]), first_bad + second_bad


def _checked(process: Process, made: object, given: pl.DataFrame) -> pl.DataFrame:
    """The returned rows in offset order, with the columns and types that were given and added.

    A float that is no finite number becomes null, as everywhere.
    """
    if not isinstance(made, pl.DataFrame):
        raise UserMistake(f"process: returned {type(made).__name__}; allowed is a Polars DataFrame")
    _check_columns(process, made, given)
    schema = dict(given.schema) | {name: kind.dtype for name, kind in process.adds.items()}
    try:
        made = made.select(list(schema)).cast(schema)  # type: ignore[arg-type]  # classes are types, too
    except pl.exceptions.PolarsError as error:
        reason = str(error).partition("\n")[0]
        raise UserMistake(
            f"process: the types of the returned frame do not fit: {reason};"
            " it must keep the type of every column it was given, and give those it adds theirs"
        ) from error
    floats = [name for name, dtype in made.schema.items() if dtype == pl.Float64]
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


def _check_columns(process: Process, made: pl.DataFrame, given: pl.DataFrame) -> None:
    missing = [name for name in given.columns if name not in made.columns]
    if missing:
        raise UserMistake(
            f"process: the returned frame lacks {missing[0]!r};"
            " it must keep every column it was given"
        )
    absent = [name for name in process.adds if name not in made.columns]
    if absent:
        raise UserMistake(
            f"process: the returned frame lacks {absent[0]!r}, which {process.source}.process.adds"
            " declares; return it, or take it from there"
        )
    known = {*given.columns, *process.adds}
    unknown = [name for name in made.columns if name not in known]
    if unknown:
        names = ", ".join(map(repr, unknown))
        raise UserMistake(
            f"process: the returned frame has {names}, which nobody declares; declare what events"
            f" are to have in {process.source}.process: {{function: …, adds: {{NAME: TYPE}}}}, and"
            " drop the rest"
        )
