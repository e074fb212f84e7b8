"""What all provisioning files have in common."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

Uid = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,40}$")]
Text = Annotated[str, StringConstraints(min_length=1)]
Duration = Annotated[str, StringConstraints(pattern=r"^([0-9]+(ms|s|m|h|d|w|y))+$")]


class Part(BaseModel):
    """A part of a file whose keys are written in camel case."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
    )


class SnakePart(Part):
    """A part whose keys are written in snake case."""

    model_config = ConfigDict(alias_generator=None)


class File(Part):
    """A provisioning file."""

    api_version: Literal[1] = 1

    def plain(self) -> dict[str, Any]:
        """Mappings, lists and scalars, as they are written."""
        return self.model_dump(by_alias=True, exclude_none=True)


OrgId = Annotated[int, Field(ge=1)]


def interpolated(text: str) -> str:
    """A text that Grafana would otherwise take variables of its environment from."""
    return text.replace("$", "$$")
