"""What a client may ask for."""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

MOST_TOP = 200
DEFAULT_TOP = 24

Text = Annotated[str, Field(max_length=500)]
RequestId = Annotated[str, Field(max_length=100)]


class _Request(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    id: RequestId | None = Field(None, description="Comes back as `reply_to` of the answer.")


class Subscribe(_Request):
    """Which signals to send series of; answered by a new `initial_state`."""

    type: Literal["subscribe"]
    signals: list[Text] | None = Field(
        None, max_length=100, description="Names of signals; null or absent means all."
    )
    top: int = Field(
        DEFAULT_TOP,
        ge=1,
        le=MOST_TOP,
        description="Most series of a signal; those that matter most now.",
    )


class Filter(_Request):
    """Of which keys to send series, alerts and anomalies; answered by a new `initial_state`."""

    type: Literal["filter"]
    keys: dict[Text, Annotated[list[Text], Field(max_length=1_000)]] = Field(
        default_factory=dict,
        max_length=20,
        description="For each key column named, the values wanted; {} means all.",
    )
    search: Annotated[str, Field(max_length=200)] = Field(
        "", description="Text that some key value must contain, in any case of letters."
    )


Request = Annotated[Subscribe | Filter, Field(discriminator="type")]
REQUEST: TypeAdapter[Subscribe | Filter] = TypeAdapter(Request)


class RefusedRequestError(Exception):
    """A client's mistake: the message for it, and the `id` of its request, if it has one."""

    def __init__(self, message: str, reply_to: str | None = None) -> None:
        super().__init__(message)
        self.reply_to = reply_to


def parse_request(text: str | bytes, about: Mapping[str, Any]) -> Subscribe | Filter:
    """A request that fits the pipeline.

    Args:
        text: what the client sent.
        about: the described pipeline.

    Raises:
        RefusedRequestError: it is no request, or names what is not there.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise RefusedRequestError('a request is a JSON object such as {"type": "filter"}') from None
    reply_to = document.get("id") if isinstance(document, dict) else None
    reply_to = reply_to if isinstance(reply_to, str) else None
    try:
        request = REQUEST.validate_python(document)
    except ValidationError as error:
        raise RefusedRequestError(_told(error), reply_to) from None
    _check_names(request, about)
    return request


def _told(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    return f"{where}: {first['msg']}{more}" if where else f"{first['msg']}{more}"


def _check_names(request: Subscribe | Filter, about: Mapping[str, Any]) -> None:
    if isinstance(request, Subscribe):
        known = {signal["name"] for signal in about["signals"]}
        asked, what = set(request.signals or ()), "signals"
    else:
        known = {key for signal in about["signals"] for key in signal["keys"]}
        asked, what = set(request.keys), "keys"
    unknown = sorted(asked - known)
    if unknown:
        allowed = ", ".join(sorted(known)) or "none"
        raise RefusedRequestError(f"{what}: no {unknown[0]!r}; there are {allowed}", request.id)
