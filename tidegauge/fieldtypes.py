"""The four types a field of an event or a record can have."""

from enum import StrEnum

import polars as pl


class FieldType(StrEnum):
    """Type of a field as the pipeline file names it."""

    STRING = "string"
    INT = "int"
    FLOAT = "float"
    BOOL = "bool"

    @property
    def dtype(self) -> type[pl.DataType]:
        """The Polars type that holds such a field in a frame."""
        return _DTYPES[self]

    @property
    def numeric(self) -> bool:
        """Whether arithmetic on the field has a meaning (a bool counts as 0 and 1)."""
        return self is not FieldType.STRING


_DTYPES: dict[FieldType, type[pl.DataType]] = {
    FieldType.STRING: pl.String,
    FieldType.INT: pl.Int64,
    FieldType.FLOAT: pl.Float64,
    FieldType.BOOL: pl.Boolean,
}
