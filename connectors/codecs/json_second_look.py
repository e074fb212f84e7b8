"""A second look at a JSON message that the typed decoder refused: read after all, or told why not.

The typed decoder is quick and strict. Two things it refuses are sound: a whole number that is
written as `1.0` or `1e2`, and any value at all in a field that is read leniently.
"""

import codecs
import json
import re
from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal
from typing import Any

import msgspec

from connectors.codecs.encodings import other_encoding
from tidegauge.decoding import Undecodable
from tidegauge.fieldtypes import FieldType

LARGEST = 2**63 - 1
_SMALLEST = -(2**63)
_MOST_DIGITS = 400
"""Digits of a number past which it is not worth a look: it is outside of every range."""
_WHOLE = re.compile(rb"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,4})?\Z")
_PYTHON_TYPES: dict[FieldType, Any] = {
    FieldType.STRING: str | None,
    FieldType.FLOAT: float | None,
    FieldType.BOOL: bool | None,
}
_BEGINNINGS = {'"': "a string", "{": "an object", "[": "an array", "t": "a bool", "f": "a bool"}


_FAULTS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


ASIDE = object()
"""Stands for the value of a field that is read leniently, where it has another type."""


class NoWholeNumberError(ValueError):
    """A text is no whole number of 64 bits."""


class _Refusal(Exception):  # noqa: N818 - ends the look at one message, and never leaves it
    """A message cannot be read: the kind of fault, and the reason."""

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind
        self.reason = reason


class SecondLook:
    """Reads single messages field by field.

    Args:
        fields: names and types of the keys to read.
        lenient: integers among them of which a value of another type counts as absent.
    """

    def __init__(self, fields: Mapping[str, FieldType], lenient: Collection[str]) -> None:
        self._fields = list(fields.items())
        self._lenient = frozenset(lenient)
        absent = msgspec.Raw(b"null")
        slots = [(f"f{i}", msgspec.Raw, absent) for i in range(len(self._fields))]
        keys = {f"f{i}": name for i, name in enumerate(fields)}
        self._split = msgspec.json.Decoder(msgspec.defstruct("Parts", slots, rename=keys)).decode
        self._decode = {
            kind: msgspec.json.Decoder(type_).decode for kind, type_ in _PYTHON_TYPES.items()
        }

    def __call__(
        self, position: int, payload: bytes | None, error: Exception
    ) -> Undecodable | list[Any]:
        """The values of the fields in their order, or what is wrong with the message.

        Args:
            position: the message's position in its batch.
            payload: the message.
            error: what the typed decoder said of it.
        """
        try:
            if not payload:
                raise _none(payload)
            if not isinstance(error, msgspec.ValidationError):
                raise _broken(payload, error)
            parts = zip(self._fields, self._parts(payload), strict=True)
            return [self._field(payload, name, kind, part) for (name, kind), part in parts]
        except _Refusal as refusal:
            return Undecodable(position, refusal.kind, refusal.reason)

    def _parts(self, payload: bytes) -> Iterable[bytes]:
        try:
            return map(bytes, msgspec.structs.astuple(self._split(payload)))
        except msgspec.ValidationError:
            reason = f"the message is {_named(payload)}, allowed is an object"
            raise _Refusal("wrong_type", reason) from None
        except _FAULTS as fault:
            raise _broken(payload, fault) from None

    def _field(self, payload: bytes, name: str, kind: FieldType, part: bytes) -> Any:
        try:
            return self._value(part, kind)
        except (*_FAULTS, ValueError) as fault:
            if name in self._lenient:
                return ASIDE
            if isinstance(fault, msgspec.ValidationError | NoWholeNumberError):
                raise _Refusal("wrong_type", _wrong_type(name, kind, part)) from None
            raise _broken(payload, fault) from None

    def _value(self, part: bytes, kind: FieldType) -> Any:
        if kind is FieldType.INT:
            return None if part == b"null" else whole_number(part)
        return self._decode[kind](part)


def whole_number(text: bytes) -> int:
    """The whole number that a JSON number is, however it is written.

    Raises:
        NoWholeNumberError: it is none, or none of 64 bits.
    """
    if len(text) <= _MOST_DIGITS and _WHOLE.match(text):
        value = Decimal(text.decode("ascii"))
        # Compared before it is made an int: 1e9999 has ten thousand digits.
        if _SMALLEST <= value <= LARGEST and value == value.to_integral_value():
            return int(value)
    raise NoWholeNumberError


def _named(part: bytes) -> str:
    """What kind of value a JSON text is, in the words of the pipeline file."""
    text = part.lstrip()[:1].decode("ascii", "replace")
    if text in _BEGINNINGS:
        return _BEGINNINGS[text]
    if text == "n":
        return "null"
    return "a float" if set(part) & set(b".eE") else "an int"


def _whole(part: bytes) -> bool:
    """Whether a number is whole, however large."""
    if len(part) > _MOST_DIGITS or not _WHOLE.match(part):
        return False
    value = Decimal(part.decode("ascii"))
    return value == value.to_integral_value()


def _wrong_type(name: str, kind: FieldType, part: bytes) -> str:
    found = _named(part)
    if kind is FieldType.INT and (found == "an int" or (found == "a float" and _whole(part))):
        return f"{name} is outside of the range of int, {_SMALLEST} to {LARGEST}"
    if found in ("a float", "an int") and kind is FieldType.FLOAT:
        return f"{name} is outside of the range of float"
    return f"{name} is {found}, allowed is {kind}"


def _none(payload: bytes | None) -> _Refusal:
    if payload is None:
        return _Refusal("tombstone", "a message without a value")
    return _Refusal("broken", "an empty message")


def _broken(payload: bytes, error: Exception) -> _Refusal:
    """The decoder's words, but where it does not find the right ones.

    It takes half of a surrogate pair for an early end, or tells of it as of an encoding.
    """
    text = str(error)
    if isinstance(error, RecursionError):
        return _Refusal("broken", "JSON is nested too deeply")
    if encoding := _encoding_fault(payload, error):
        return _Refusal("broken", f"the message {encoding}")
    if "surrogate" in text or ("truncated" in text and _is_json(payload)):
        return _Refusal(
            "broken",
            "a string has half of a surrogate pair (an escape from \\ud800 to \\udfff alone),"
            " which is no character",
        )
    if "truncated" in text:
        return _Refusal("broken", "JSON is malformed: it ends too early")
    return _Refusal("broken", text)


def _encoding_fault(payload: bytes, error: Exception) -> str | None:
    if encoding := other_encoding(payload):
        return f"is {encoding}, allowed is UTF-8"
    if payload.startswith(codecs.BOM_UTF8):
        return "begins with a byte order mark, allowed is UTF-8 without one"
    return "is no UTF-8" if isinstance(error, UnicodeDecodeError) else None


def _is_json(payload: bytes) -> bool:
    try:
        json.loads(payload)
    except (ValueError, RecursionError):
        return False
    return True
