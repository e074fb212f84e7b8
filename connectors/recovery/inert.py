"""Pickled state as plain data: nothing that the bytes name is imported or called."""

import io
import pickle
import pickletools
from collections.abc import Iterator
from typing import Any, Self

from tidegauge.errors import Reject


class Inert:
    """What the bytes say of an object: its class by name, and what it was made of.

    Attributes:
        args: arguments it was made with.
        state: what was put into it afterwards.
        entries: what was appended to it, or set in it.
    """

    name = ""

    def __new__(cls, *args: Any, **_: Any) -> Self:
        """Keep the arguments; no constructor is run."""
        made = super().__new__(cls)
        made.args, made.state, made.entries = args, None, []
        return made

    def __init__(self, *args: Any, **_: Any) -> None:
        self.args: tuple[Any, ...]
        self.state: Any
        self.entries: list[Any]

    def __setstate__(self, state: Any) -> None:
        self.state = state

    def __setitem__(self, key: Any, value: Any) -> None:
        self.entries.append((key, value))

    def append(self, value: Any) -> None:
        """Keep an element."""
        self.entries.append(value)

    def extend(self, values: Any) -> None:
        """Keep elements."""
        self.entries.extend(values)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Inert) and self._content == other._content

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f"<{self.name}>"

    @property
    def _content(self) -> tuple[Any, ...]:
        return self.name, self.args, self.state, self.entries

    @property
    def kind(self) -> str:
        """Name of its class without the module."""
        return self.name.rpartition(".")[2]

    @property
    def parts(self) -> Iterator[Any]:
        """All that it was made of."""
        yield from self.args
        yield self.state
        yield from self.entries


_MEMO = frozenset({"PUT", "BINPUT", "LONG_BINPUT"})
"""Operations of a pickle that name a place in its memo to put something."""


class _Reader(pickle.Unpickler):
    def find_class(self, module_name: str, global_name: str) -> Any:
        return type(global_name, (Inert,), {"name": f"{module_name}.{global_name}"})

    def persistent_load(self, pid: Any) -> Any:
        raise pickle.UnpicklingError(f"names {pid!r}, which is kept elsewhere")


def read_inert(data: bytes) -> Any:
    """The content of a pickle, with an `Inert` in the place of every object.

    Raises:
        Reject: the bytes are no pickle.
    """
    try:
        _check_memo(data)
        return _Reader(io.BytesIO(data)).load()
    except (pickle.UnpicklingError, EOFError, ValueError, TypeError, AttributeError) as error:
        raise Reject(f"is no saved state ({error})") from None
    except (IndexError, KeyError, OverflowError, MemoryError, RecursionError) as error:
        raise Reject(f"is no saved state ({type(error).__name__})") from None


def _check_memo(data: bytes) -> None:
    """Refuse a place in the memo beyond all that bytes can fill: memory is taken up to there."""
    for opcode, place, _ in pickletools.genops(data):
        if opcode.name in _MEMO and int(place or 0) > len(data):
            raise pickle.UnpicklingError(f"place {place} in a memo of {len(data)} bytes")


def size_of(value: Any) -> int:
    """About how many bytes there are in the content of a pickle."""
    if isinstance(value, bytes | bytearray | str):
        return len(value)
    if isinstance(value, dict):
        return sum(size_of(key) + size_of(one) for key, one in value.items())
    if isinstance(value, list | tuple | set | frozenset):
        return sum(map(size_of, value))
    if isinstance(value, Inert):
        return sum(map(size_of, value.parts))
    return 8 if value is not None else 0


def found_in(value: Any, kind: str) -> Iterator[Inert]:
    """All objects of a class of this name in the content of a pickle."""
    if isinstance(value, dict):
        for key, one in value.items():
            yield from found_in(key, kind)
            yield from found_in(one, kind)
    elif isinstance(value, list | tuple | set | frozenset):
        for one in value:
            yield from found_in(one, kind)
    elif isinstance(value, Inert):
        if value.kind == kind:
            yield value
        for one in value.parts:
            yield from found_in(one, kind)
