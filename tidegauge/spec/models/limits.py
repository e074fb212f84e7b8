"""How large messages may be."""

from pydantic import Field

from tidegauge.spec.models.values import Model, Whole


class MessageLimits(Model):
    """How many bytes a message and what is in it may have; what has more is a dead letter."""

    message_bytes: Whole = Field(
        1_048_576, ge=1, le=100_000_000, description="Most of a message's value."
    )
    text_bytes: Whole = Field(
        65_536,
        ge=1,
        le=16_777_216,
        description="Most of the text of a column, as UTF-8; it is in results and state.",
    )
    key_bytes: Whole = Field(
        1_024,
        ge=1,
        le=65_536,
        description="Most of the text of a key column, and of a value that `top` counts: they are"
        " held as long as their series.",
    )
