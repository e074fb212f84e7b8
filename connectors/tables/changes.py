"""What messages of a compacted topic make of a table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from connectors.codecs.json_columns import JsonColumns
from tidegauge.sizes import Sizes, texts_in, without_large
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
        where: path of the table in the pipeline file.
    """

    def __init__(self, table: Table, where: str = "table") -> None:
        self._sizes = Sizes(table.limits, f"{where}.limits", {table.key})
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
        values = [newest.value for newest in valued.values()]
        large = self._sizes.large_messages(values) | self._sizes.large_keys(list(valued))
        decoded = self._decoder.decode(without_large(values, large))
        keys, origins = list(valued), [newest.origin for newest in valued.values()]
        wrong = [
            f"{origins[bad.position]}: {large.get(bad.position, bad.reason)}"
            for bad in decoded.undecodable
        ]
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
        too_large = self._sizes.large_rows(rows, texts_in(rows))
        wrong += [f"{origins[row]}: {reason}" for row, reason in too_large.items()]
        keyless = keyless.scatter(list(too_large), values=True) if too_large else keyless
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
