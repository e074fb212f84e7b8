"""What messages of a compacted topic make of a table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from connectors.codecs.json_columns import JsonColumns
from tidegauge.spec.models import Table

_ID = "_id"
"""Column: key of the message that the row is from."""


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest message of a key: its value, None for a tombstone, where it is and since when."""

    value: bytes | None
    origin: str
    partition: int = 0
    at_ms: int = 0


class Rows:
    """Rows by the key of their messages.

    The key column is read from the value as the others are; where the value has none, it is the
    message's key as text, if that is one. Of several messages with other keys and the same value of
    the key column the one that came last counts.

    Args:
        table: the table's declaration.
    """

    def __init__(self, table: Table) -> None:
        self._key = table.key
        self._types = {column: field.type for column, field in table.fields.items()}
        self._decoder = JsonColumns(self._types)
        schema = {column: kind.dtype for column, kind in self._types.items()}
        self._rows = pl.DataFrame(schema={**schema, _ID: pl.Binary})

    @property
    def frame(self) -> pl.DataFrame:
        """The declared columns; each key once, and never null."""
        return self._rows.unique(self._key, keep="last", maintain_order=True).drop(_ID)

    def apply(self, changes: Mapping[bytes, Newest]) -> list[str]:
        """Put rows in and take rows out; a row stays as it is where the new one is wrong.

        Args:
            changes: by the messages' key, the one that came last being the last.

        Returns:
            what is wrong with messages, a line each.
        """
        valued = {key: newest for key, newest in changes.items() if newest.value is not None}
        decoded = self._decoder.decode([newest.value for newest in valued.values()])
        keys, origins = list(valued), [newest.origin for newest in valued.values()]
        wrong = [f"{origins[bad.position]}: {bad.reason}" for bad in decoded.undecodable]
        for bad in reversed(decoded.undecodable):
            del keys[bad.position], origins[bad.position]
        ids = pl.Series(_ID, keys, pl.Binary)
        rows = self._with_key(decoded.frame, keys).with_columns(ids)
        keyless = rows[self._key].is_null()
        for row in keyless.arg_true():
            kind = self._types[self._key]
            wrong.append(
                f"{origins[row]}: no {self._key} in the value, and the message's key is no {kind}"
            )
        rows = rows.filter(~keyless)
        deleted = [key for key, newest in changes.items() if newest.value is None]
        gone = pl.concat([rows.select(_ID), pl.DataFrame({_ID: deleted}, {_ID: pl.Binary})])
        self._rows = pl.concat([self._rows.join(gone, on=_ID, how="anti"), rows])
        return wrong

    def _with_key(self, rows: pl.DataFrame, keys: Sequence[bytes]) -> pl.DataFrame:
        """The rows, with the message's key in the key column where the value has none."""
        given = rows[self._key]
        absent = given.is_null().arg_true()
        if not absent.len():
            return rows
        texts = pl.Series([_text(keys[row]) for row in absent], dtype=pl.String)
        return rows.with_columns(given.scatter(absent, texts.cast(given.dtype, strict=False)))


def _text(key: bytes) -> str | None:
    """A message's key as text; None where its bytes are none, such as those of a number."""
    try:
        return key.decode()
    except UnicodeDecodeError:
        return None
