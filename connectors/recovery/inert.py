"""Saved state to look at: every object in it as what it was made of, and none of its class."""

import pickle
import pickletools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from connectors.recovery.integrity import require_sealed
from tidegauge.errors import Reject
from tidegauge.savedstate import content, loads


@dataclass(frozen=True, slots=True)
class Inert:
    """What the bytes say of an object.

    Attributes:
        kind: name of its class; `array`, `number` or `frame`.
        parts: what it was made of, as its class takes it.
    """

    kind: str
    parts: tuple[Any, ...]

    def __hash__(self) -> int:
        return hash(self.kind)


_MEMO = frozenset({"PUT", "BINPUT", "LONG_BINPUT"})
"""Operations of a pickle that name a place in its memo to put something."""


def read_inert(data: bytes) -> Any:
    """What a step has saved, out of what the engine keeps of it.

    Raises:
        Reject: it is not in the format of saved states, or damaged.
    """
    saved = require_sealed(data)
    if saved is None:
        return None
    _check_memo(saved)
    return loads(saved, _inert)


def _inert(kind: str, *parts: Any) -> Inert:
    return Inert(kind, parts)


def _check_memo(saved: bytes) -> None:
    """Refuse a place in the memo beyond all that bytes can fill: memory is taken up to there."""
    payload = content(saved).tobytes()
    try:
        for opcode, place, _ in pickletools.genops(payload):
            if opcode.name in _MEMO and int(place or 0) > len(payload):
                raise pickle.UnpicklingError(f"place {place} in a memo of {len(payload)} bytes")
    except (pickle.UnpicklingError, ValueError) as error:
        raise Reject(f"is damaged ({' '.join(str(error).split())})") from None


def size_of(value: Any) -> int:
    """About how many bytes there are in saved state."""
    if isinstance(value, bytes | bytearray | str):
        return len(value)
    if isinstance(value, dict):
        return sum(size_of(key) + size_of(one) for key, one in value.items())
    if isinstance(value, list | tuple | set | frozenset):
        return sum(map(size_of, value))
    if isinstance(value, Inert):
        return size_of(value.parts)
    return 8 if value is not None else 0


def found_in(value: Any, kind: str) -> Iterator[Inert]:
    """All objects of a class of this name in saved state."""
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
        yield from found_in(value.parts, kind)
