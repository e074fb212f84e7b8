"""What messages of a compacted topic make of a table."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from connectors.codecs.json_columns import JsonColumns
from tidegauge.spec.models import Table

_ID = "_id"
"""Column: key of the message that the row is from."""


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest message of a key: its value, None for a tombstone, and where it is."""

    value: bytes | None
    origin: str


class Rows:
    """Rows by the key of their messages.

    The key column is read from the value as the others are; where the value has none, it is the
    message's key as text. Of several messages with other keys and the same value of the key column
    the one that came last counts.

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
        rows = decoded.frame.with_columns(ids).with_columns(self._with_key(ids))
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

    def _with_key(self, ids: pl.Series) -> pl.Expr:
        dtype = self._types[self._key].dtype
        texts = ids.cast(pl.String, strict=False)
        return pl.coalesce(self._key, pl.lit(texts.cast(dtype, strict=False))).alias(self._key)
