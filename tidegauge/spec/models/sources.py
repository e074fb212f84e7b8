"""Sources: topics, event time, fields."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from tidegauge.fieldtypes import FieldType
from tidegauge.spec.models.limits import MessageLimits
from tidegauge.spec.models.tables import Enrichment, SourceField
from tidegauge.spec.models.values import (
    SECOND_NS,
    DurationNs,
    EventTimeFormat,
    Model,
    Name,
    Topic,
)


class KafkaInput(Model):
    """The topic a source reads, and how."""

    topic: Topic = Field(description="Topic to read.")
    format: Literal["json"] = Field("json", description="How a message's value is encoded.")
    start: Literal["earliest", "latest"] = Field(
        "earliest", description="Where a flow without saved positions begins."
    )


class EventTime(Model):
    """Which field tells when an event happened, and how much disorder is borne."""

    field: str = Field(description="Field that holds the event time.")
    format: EventTimeFormat = Field("iso8601", description="How the event time is written.")
    out_of_orderness: DurationNs = Field(
        2 * SECOND_NS,
        description="How far behind its partition's newest event an event may be and be on time.",
    )
    lateness: DurationNs = Field(
        0, description="How much later than that an event may be and still correct a result."
    )
    idle_after: DurationNs = Field(
        10 * SECOND_NS,
        description="A partition silent for so long no longer holds the watermark back.",
    )
    max_future: DurationNs = Field(
        300 * SECOND_NS,
        description="An event further ahead of its Kafka timestamp, or of the clock of the flow"
        " that reads it, is refused.",
    )


class AddedField(Model):
    """A column that a function adds."""

    type: FieldType = Field(description="Type of the column.")
    unit: str = Field("", description="Grafana unit id, such as celsius or currencyEUR.")
    description: str = Field("", description="What the column means.")


def _as_added(value: object) -> object:
    return value if isinstance(value, dict | AddedField) else {"type": value}


AddedFieldOrType = Annotated[
    AddedField, BeforeValidator(_as_added, json_schema_input_type=FieldType | AddedField)
]
"""A column by its type alone, or more about it."""


class Process(Model):
    """A function of the user's own over the events, and the columns that it adds."""

    function: str = Field(
        description="`module:function` called with each batch, a Polars frame in and out."
    )
    adds: dict[str, AddedFieldOrType] = Field(
        default_factory=dict, description="Columns that it adds, by name, and their types."
    )


def _as_process(value: object) -> object:
    return {"function": value} if isinstance(value, str) else value


ProcessOrFunction = Annotated[
    Process, BeforeValidator(_as_process, json_schema_input_type=str | Process)
]
"""A function that adds no column is its name."""


class Source(Model):
    """A stream of events."""

    kafka: KafkaInput
    event_time: EventTime
    fields: dict[str, SourceField] = Field(
        description="Fields read from each message; others are ignored."
    )
    enrich: dict[str, Enrichment] = Field(
        default_factory=dict, description="Columns from tables, by the table's name."
    )
    filter: str | None = Field(
        None, description="SQL condition over the fields; other events are left out."
    )
    derive: dict[Name, str] = Field(
        default_factory=dict, description="New columns as SQL expressions."
    )
    limits: MessageLimits = Field(
        default_factory=MessageLimits,
        description="How many bytes a message and what is in it may have.",
    )
    process: ProcessOrFunction | None = Field(
        None, description="`module:function` over each batch, or that and the columns it adds."
    )
