"""The kinds of values in a pipeline file, and the base of its models."""

from difflib import get_close_matches
from typing import Annotated, Literal
from zoneinfo import available_timezones

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from tidegauge.durations import bounded_duration_ns

SECOND_NS = 1_000_000_000

LARGEST = 1_000_000_000
"""No number of things in a file is larger: so what is counted fits 64 bits, in products too."""

DURATION_PATTERN = r"^([0-9]+(ns|us|ms|s|m|h|d|w))+$"
NAME_PATTERN = r"^[A-Za-z][A-Za-z0-9_]*$"
PIPELINE_PATTERN = r"^[a-z][a-z0-9-]*$"
# `.` and `..` are the only names of allowed characters that Kafka refuses.
TOPIC_PATTERN = r"^\.{0,2}[A-Za-z0-9_-][A-Za-z0-9._-]*$|^\.{3}[A-Za-z0-9._-]*$"
BUCKET_PATTERN = r'^[^_"\s\x00-\x1f\x7f-\x9f][^"\x00-\x1f\x7f-\x9f]*$'
MEANINGS = {
    NAME_PATTERN: "letters, digits and underscores, beginning with a letter",
    PIPELINE_PATTERN: "small letters, digits and hyphens, beginning with a letter",
    TOPIC_PATTERN: "letters, digits, dots, underscores and hyphens; not . or ..",
    BUCKET_PATTERN: "any text without quotation marks and control characters that does not begin"
    " with an underscore or a space",
}
"""What each pattern allows, for messages."""


def _duration_ns(value: object) -> int:
    return bounded_duration_ns(value)  # type: ignore[arg-type]  # refuses what is no text


def no_bool(value: object) -> object:
    """The value, where it is no bool, which Python takes for a number.

    Raises:
        ValueError: it is one.
    """
    if isinstance(value, bool):
        raise ValueError(f"must be a number, not {str(value).lower()}")  # noqa: TRY004 - pydantic's
    return value


def zone(value: str) -> str:
    """The value, where it is the name of a time zone.

    Raises:
        ValueError: it is not; a near name is told.
    """
    if value not in available_timezones():
        near = get_close_matches(value, available_timezones(), n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise ValueError(
            f"{value!r} is no time zone: allowed are names such as Europe/Berlin{hint}"
        )
    return value


Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN, max_length=80)]
"""A name of ours: letters, digits and underscores, beginning with a letter."""
PipelineName = Annotated[str, StringConstraints(pattern=PIPELINE_PATTERN, max_length=60)]
Topic = Annotated[str, StringConstraints(pattern=TOPIC_PATTERN, max_length=249)]
"""The name of a Kafka topic."""
Bucket = Annotated[str, StringConstraints(pattern=BUCKET_PATTERN, max_length=200)]
Whole = Annotated[int, BeforeValidator(no_bool)]
Count = Annotated[int, Field(ge=0, le=LARGEST), BeforeValidator(no_bool)]
Number = Annotated[float, BeforeValidator(no_bool)]
DurationText = Annotated[str, StringConstraints(pattern=DURATION_PATTERN)]
DurationNs = Annotated[int, BeforeValidator(_duration_ns, json_schema_input_type=DurationText)]
"""A duration as text in the file, in nanoseconds here."""
EventTimeFormat = Literal["iso8601", "epoch_s", "epoch_ms", "epoch_us", "epoch_ns"]


class Model(BaseModel):
    """Base of every part of the file: frozen, and unknown keys are mistakes."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, validate_by_name=False
    )
