"""What the saved state of each part of a pipeline was made for."""

from collections.abc import Mapping
from dataclasses import dataclass, field

Aspects = Mapping[str, str | list[str]]
"""What matters to the state of a part, in words: aspect and value, or values in order."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """What a recovery directory remembers of one part.

    Attributes:
        aspects: what its state was made for; None for a part that is no more.
        begun: how often its state began anew.
        words: expressions as they were written, by how the aspects have them; where they differ.
    """

    aspects: Aspects | None
    begun: int = 0
    words: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Definitions:
    """What the state of a whole pipeline is made for.

    Attributes:
        pipeline: name of the pipeline.
        key_groups: number of its key groups.
        parts: by `kind:name`, such as `window:spend`.
        partitions: how many partitions each source had, where it is known.
    """

    pipeline: str
    key_groups: int
    parts: Mapping[str, Remembered]
    partitions: Mapping[str, int] = field(default_factory=dict)
