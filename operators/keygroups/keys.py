"""Key values of rows as Python values, and as bytes that are the same everywhere."""

import struct
from collections.abc import Sequence

import polars as pl

Part = str | int | float | bool | None
Key = Part | tuple[Part, ...]
"""Key of a series: the value of its one key column, or the values of its several."""


def key_list(frame: pl.DataFrame, by: Sequence[str]) -> list[Key]:
    """The key of each row; without key columns every row has the key `()`.

    Floats compare as numbers: -0.0 is 0.0, and NaN, which equals nothing, counts as null.
    """
    if not by:
        return [()] * frame.height
    columns = [_comparable(frame[name]) for name in by]
    if len(columns) == 1:
        return columns[0].to_list()
    return list(zip(*(column.to_list() for column in columns), strict=True))


def key_bytes(key: Key) -> bytes:
    """Bytes of a key: the same in every process and version, different for different keys.

    The types count: 1, 1.0, true and "1" differ, null differs from all.
    """
    parts = key if isinstance(key, tuple) else (key,)
    return b"".join(_part_bytes(part) for part in parts)


def _comparable(column: pl.Series) -> pl.Series:
    if not column.dtype.is_float():
        return column
    number = column.fill_nan(None)
    return number.zip_with((number != 0).fill_null(value=True), pl.Series([0.0]))


def _part_bytes(part: Part) -> bytes:
    if part is None:
        return b"n"
    if isinstance(part, str):
        text = part.encode()
        return b"s%d:%s" % (len(text), text)
    if isinstance(part, bool):
        return b"b1" if part else b"b0"
    if isinstance(part, int):
        return b"i%d;" % part
    return b"f" + struct.pack(">d", part)
