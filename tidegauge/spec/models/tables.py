"""Tables that a source is enriched from."""

import re
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from tidegauge.fieldtypes import FieldType
from tidegauge.spec.models.limits import MessageLimits
from tidegauge.spec.models.values import NAME_PATTERN, Model, Name, Topic

_LONGEST_SALT = 80


class Salted(Model):
    """How the hash of a sensitive field differs from those of others."""

    salt: Name = Field(
        description="What goes into the hash: fields of one salt have comparable hashes."
    )


def _sensitive(value: object) -> object:
    if isinstance(value, bool | Salted):
        return value
    salt = value.get("salt") if isinstance(value, dict) and len(value) == 1 else None
    if isinstance(salt, str) and len(salt) <= _LONGEST_SALT and re.fullmatch(NAME_PATTERN, salt):
        return Salted(salt=salt)
    raise ValueError(
        "must be true, false, or {salt: NAME}, where the name has letters, digits and underscores"
        " and begins with a letter"
    )


Sensitive = Annotated[
    bool | Salted, BeforeValidator(_sensitive, json_schema_input_type=bool | Salted)
]
"""Whether a field is sensitive, and what makes its hash another than that of others."""


class SourceField(Model):
    """A field that is read from each message."""

    type: FieldType = Field(
        FieldType.FLOAT, description="Type of the field; a message with another is a dead letter."
    )
    unit: str = Field("", description="Grafana unit id, such as celsius or currencyEUR.")
    sensitive: Sensitive = Field(
        False,
        description="Only a keyed hash of its text is used and stored (TIDEGAUGE_HASH_KEY); with a"
        " salt, one that cannot be compared with hashes of other salts.",
    )
    description: str = Field("", description="What the field means.")

    @property
    def salt(self) -> str:
        """What goes into its hash beside the key; empty where nothing does."""
        return self.sensitive.salt if isinstance(self.sensitive, Salted) else ""


class TableTopic(Model):
    """The compacted topic that a table is kept in: the newest message of each key is its row."""

    topic: Topic = Field(description="Topic with the newest row of each key.")
    format: Literal["json"] = Field("json", description="How a message's value is encoded.")


class Table(Model):
    """Rows by key that events are enriched from; they may change while the flow runs."""

    kafka: TableTopic | None = Field(
        None, description="Compacted topic; a message without a value deletes its key."
    )
    file: str | None = Field(
        None, description="CSV, Parquet or JSON lines, relative to the pipeline file."
    )
    key: str = Field(description="Column that tells the rows apart.")
    fields: dict[str, SourceField] = Field(
        description="Columns read from each row, the key among them; others are ignored."
    )
    limits: MessageLimits = Field(
        default_factory=MessageLimits,
        description="Of a topic: how many bytes a message and what is in it may have.",
    )
    description: str = Field("", description="What the table holds.")


def _as_columns(value: object) -> object:
    if isinstance(value, list) and all(isinstance(name, str) for name in value):
        return {name: name for name in value}
    if not isinstance(value, dict):
        raise ValueError(  # noqa: TRY004 - pydantic's
            "must be a list of the table's columns, such as [a, b], or a mapping of new names to"
            " them, such as {new_name: a}"
        )
    return value


NewColumns = Annotated[
    dict[str, str],
    BeforeValidator(_as_columns, json_schema_input_type=list[str] | dict[str, str]),
]
"""Columns of a table by the names they get: a list in the file where they keep their own."""


class Enrichment(Model):
    """Columns that an event gets from the row of a table; null where there is no such row."""

    on: str = Field(description="Column of the event that holds the key of the row.")
    fields: NewColumns = Field(
        description="Columns of the table: a list of them, or new names and what they stand for."
    )
