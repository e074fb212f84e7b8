"""Saved state as bytes that carry data only: reading them can make values, and do nothing else.

The bytes are a mark with the version, the XXH3 of the rest, and the rest: a pickle that names one
word, `made`, where others name whatever they like. It makes the arrays, frames and classes below
out of plain values; a pickle that names anything else is refused, and nothing is imported for it.
"""

import io
import pickle
import pickletools
from collections.abc import Callable, Sequence
from dataclasses import fields
from enum import Enum
from typing import Any, Literal, NoReturn, TypeVar, cast

import numpy as np
import polars as pl
import xxhash

from tidegauge.errors import Reject

T = TypeVar("T", bound=type)
Order = Literal["C", "F"]

MARK = b"TGS1"
"""The first bytes of a saved state; the digit is the version of this format."""
_HEAD = len(MARK) + 8
_KINDS = frozenset("biufcmMSU")
"""Kinds of arrays that hold their values themselves and no objects."""
_OF_BYTES = frozenset(
    {"PROTO", "FRAME", "SHORT_BINBYTES", "BINBYTES", "BINBYTES8", "NONE", "MEMOIZE", "STOP"}
)
"""Operations of a pickle that can make nothing but bytes, or None."""


def dumps(value: Any) -> bytes:
    """A value as bytes.

    Raises:
        TypeError: there is an object in it of a class that is not known here.
    """
    file = io.BytesIO()
    file.write(bytes(_HEAD))
    _Writer(file, protocol=5).dump(value)
    with file.getbuffer() as data:
        data[: len(MARK)] = MARK
        data[len(MARK) : _HEAD] = xxhash.xxh3_64_digest(data[_HEAD:])
    return file.getvalue()


def loads(data: bytes, make: Callable[..., Any] | None = None) -> Any:
    """The value of bytes that `dumps` has made.

    Args:
        data: the bytes.
        make: what takes the place of `made`, for who does not want the objects.

    Raises:
        Reject: they are damaged, of another version, or were never made by it.
    """
    payload = content(data)
    try:
        return _Reader(io.BytesIO(payload), make or made).load()
    except RecursionError:
        raise Reject("is damaged (too much within each other)") from None
    except Exception as error:  # noqa: BLE001 - bytes of an unknown can raise whatever they like
        reason = " ".join(str(error).split()) or type(error).__name__
        raise Reject(f"is damaged ({reason})") from None


def content(data: bytes) -> memoryview:
    """The pickle within the bytes of a saved state, unread.

    Raises:
        Reject: the mark or the digest is wrong.
    """
    mark, digest = data[: len(MARK)], data[len(MARK) : _HEAD]
    if mark != MARK:
        raise Reject(f"is not in the format of this program (it begins {mark!r}, not {MARK!r})")
    payload = memoryview(data)[_HEAD:]
    if xxhash.xxh3_64_digest(payload) != digest:
        raise Reject("is damaged (its digest is another)")
    return payload


def pickled_bytes(data: bytes) -> bytes | None:
    """The bytes, or None, that another program has pickled; nothing else is unpickled.

    Raises:
        Reject: it would make anything else.
    """
    values: list[bytes | None] = []
    end = -1
    try:
        for operation, argument, at in pickletools.genops(data):
            if operation.name not in _OF_BYTES:
                raise Reject(f"is not in the format of this program (it has {operation.name})")
            if operation.name == "NONE" or "BYTES" in operation.name:
                values.append(argument)
            end = at or 0
    except ValueError as error:
        raise Reject(f"is damaged ({' '.join(str(error).split())})") from None
    if len(values) != 1 or end + 1 != len(data):
        raise Reject("is damaged (it is not one value)")
    return values[0]


def saved_type(kind: T) -> T:
    """Let objects of a class be in saved states: they are saved as the values of its fields.

    A dataclass, a named tuple, an enumeration, or a class with a method `saved` that returns the
    arguments which make an equal object. Whoever can write saved states makes objects of it with
    any arguments, so to make one may do nothing else.
    """
    if kind.__name__ in _TYPES:
        raise ValueError(f"two classes of saved states are called {kind.__name__}")
    _TYPES[kind.__name__] = kind
    if hasattr(kind, "saved"):
        _VALUES[kind] = kind.saved
    elif issubclass(kind, Enum):
        _VALUES[kind] = _of_member
    elif issubclass(kind, tuple):
        _VALUES[kind] = tuple
    else:
        names = [one.name for one in fields(cast("Any", kind))]
        _VALUES[kind] = lambda value: [getattr(value, name) for name in names]
    return kind


_TYPES: dict[str, type] = {}
"""Classes of saved objects by their names."""
_VALUES: dict[type, Callable[[Any], Sequence[Any]]] = {}
"""What an object of each class is made of."""


def _of_member(member: Enum) -> Sequence[Any]:
    return (member.value,)


def made(kind: str, *values: Any) -> Any:
    """An object that is no plain value: the one word of saved states.

    Args:
        kind: `array`, `number`, `frame`, `series`, or the name of a class.
        values: what it is made of.
    """
    match kind:
        case "array":
            return _array(*values)
        case "number":
            return _array(values[0], (), "C", values[1])[()]
        case "frame":
            return pl.read_ipc_stream(io.BytesIO(values[0]))
        case "series":
            return pl.read_ipc_stream(io.BytesIO(values[0])).to_series()
    return _TYPES[kind](*values)


def _array(code: str, shape: tuple[int, ...], order: Order, data: Any) -> Any:
    if code == "O":
        held = np.empty(len(data), dtype=object)
        held[:] = data
        return held.reshape(shape)
    dtype = np.dtype(code)
    if dtype.kind not in _KINDS or not isinstance(data, bytes):
        raise ValueError(f"an array of {code!r}")
    return np.frombuffer(bytearray(data), dtype).reshape(shape, order=order)


def _values_of(array: Any) -> tuple[Any, ...]:
    if array.dtype.kind == "O":
        return "array", "O", array.shape, "C", array.ravel().tolist()
    order: Order = "F" if array.flags.f_contiguous and not array.flags.c_contiguous else "C"
    return "array", array.dtype.str, array.shape, order, array.tobytes(order)


class _Writer(pickle.Pickler):
    def reducer_override(self, value: Any) -> Any:
        """What makes an object that is no plain value; the engine of pickling asks for these."""
        kind = type(value)
        if value is made:
            return NotImplemented
        if kind in _VALUES:
            return made, (kind.__name__, *_VALUES[kind](value))
        if kind is np.ndarray:
            return made, _values_of(value)
        if isinstance(value, np.generic):
            return made, ("number", value.dtype.str, value.tobytes())
        if kind is pl.DataFrame or kind is pl.Series:
            file, name = io.BytesIO(), "frame" if kind is pl.DataFrame else "series"
            (value if kind is pl.DataFrame else value.to_frame()).write_ipc_stream(file)
            return made, (name, file.getvalue())
        raise TypeError(
            f"{kind.__module__}.{kind.__qualname__} cannot be in saved state: give the class"
            " @saved_type"
        )


class _Word:
    """`made`, as the reader knows it: it can be called, and nothing can be put into it."""

    __slots__ = ("_make",)
    _make: Callable[..., Any]

    def __init__(self, make: Callable[..., Any]) -> None:
        object.__setattr__(self, "_make", make)

    def __call__(self, *values: Any) -> Any:
        return self._make(*values)

    def __setattr__(self, name: str, value: Any) -> NoReturn:
        raise pickle.UnpicklingError("puts something into the word")

    def __setstate__(self, state: Any) -> NoReturn:
        raise pickle.UnpicklingError("puts something into the word")


class _Reader(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, make: Callable[..., Any]) -> None:
        super().__init__(file)
        self._word = _Word(make)

    def find_class(self, module_name: str, global_name: str) -> Any:
        if (module_name, global_name) != (made.__module__, made.__name__):
            raise pickle.UnpicklingError(f"it names {module_name}.{global_name}")
        return self._word

    def persistent_load(self, pid: Any) -> NoReturn:
        raise pickle.UnpicklingError(f"it names {pid!r}, which is kept elsewhere")
