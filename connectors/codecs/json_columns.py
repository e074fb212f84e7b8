"""JSON messages to columns.

Each message is parsed on its own, straight into a typed structure without a dictionary between:
as quick as parsing a joined batch with Polars (`docs/decisions/0001-decode-each-message.md`), and
a message that is broken, holds two documents or has a wrong type is named exactly, for any batch
size.
"""

import re
from collections.abc import Callable, Collection, Mapping
from operator import attrgetter
from typing import Annotated, Any

import msgspec
import numpy as np
import polars as pl

from connectors.codecs.json_second_look import LARGEST, SecondLook
from tidegauge.decoding import Decoded, Undecodable
from tidegauge.errors import UserMistake
from tidegauge.fieldtypes import FieldType

_ESCAPED = re.compile(r'["\\\x00-\x1f]')
"""Characters that JSON writes with a backslash; the parser compares names as they are written."""
_Int64 = Annotated[int, msgspec.Meta(ge=-LARGEST - 1, le=LARGEST)]
_PYTHON_TYPES: dict[FieldType, Any] = {
    FieldType.STRING: str | None,
    FieldType.INT: _Int64 | None,
    FieldType.FLOAT: float | None,
    FieldType.BOOL: bool | None,
}


class JsonColumns:
    """Decoder of one JSON object a message.

    Args:
        fields: names and types of the keys to read; other keys are ignored, absent ones and
            `null` are null. An integer is a valid float, and a number without a fraction (`1.0`,
            `1e2`) a valid integer; nothing else is converted.
        lenient: those integers among them of which a value of another type counts as absent.

    Raises:
        UserMistake: a name has a quotation mark, a backslash or a control character in it.
    """

    def __init__(self, fields: Mapping[str, FieldType], lenient: Collection[str] = ()) -> None:
        for name in fields:
            if _ESCAPED.search(name):
                raise UserMistake(
                    f"field {name!r} cannot be read from JSON: allowed are names without quotation"
                    " marks, backslashes and control characters"
                )
        self._dtypes = {name: kind.dtype for name, kind in fields.items()}
        self._lenient = frozenset(lenient)
        types = [Any if name in lenient else _PYTHON_TYPES[kind] for name, kind in fields.items()]
        slots = [(f"f{i}", kind, None) for i, kind in enumerate(types)]
        keys = {f"f{i}": name for i, name in enumerate(fields)}
        # Structures without references to containers need no garbage collection: a fifth faster.
        row = msgspec.defstruct("Row", slots, rename=keys, gc=False)
        self._decode = msgspec.json.Decoder(row).decode
        self._row = row
        self._second_look = SecondLook(fields, self._lenient)
        self._getters = [(name, attrgetter(f"f{i}")) for i, name in enumerate(fields)]

    def decode(self, payloads: list[bytes | None]) -> Decoded:
        """Rows of a batch of messages; see `tidegauge.decoding.Decoder`."""
        rows: list[Any] = []
        undecodable: list[Undecodable] = []
        parsed = map(self._decode, payloads)  # type: ignore[arg-type]  # None raises TypeError, as intended
        while len(rows) + len(undecodable) < len(payloads):
            try:
                rows.extend(parsed)
            except (msgspec.DecodeError, UnicodeDecodeError, TypeError, RecursionError) as error:
                position = len(rows) + len(undecodable)
                found = self._second_look(position, payloads[position], error)
                if isinstance(found, Undecodable):
                    undecodable.append(found)
                else:
                    rows.append(self._row(*found))
        aside: dict[str, list[int]] = {}
        columns = [self._series(name, get, rows, aside) for name, get in self._getters]
        return Decoded(pl.DataFrame(columns), undecodable, aside)

    def _series(
        self, name: str, get: Callable[[Any], Any], rows: list[Any], aside: dict[str, list[int]]
    ) -> pl.Series:
        dtype = self._dtypes[name]
        if name in self._lenient:
            values = list(map(get, rows))
            if values.count(None) == len(values):
                return pl.Series(name, [None], dtype=dtype).new_from_index(0, len(values))
            whole = [_integer(value) for value in values]
            pairs = zip(whole, values, strict=True)
            wrong = [row for row, (one, of) in enumerate(pairs) if one is None and of is not None]
            if wrong:
                aside[name] = wrong
            return pl.Series(name, whole, dtype=dtype)
        if dtype == pl.Float64:
            numbers = np.fromiter(map(get, rows), np.float64, len(rows))
            # JSON has no NaN: it stands for None.
            if not np.isnan(numbers).any():
                return pl.Series(name, numbers)
        return pl.Series(name, list(map(get, rows)), dtype=dtype)


def _integer(value: object) -> int | None:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if type(value) is int and -LARGEST - 1 <= value <= LARGEST else None
