"""What a codec does: payloads in, columns out, and each payload that is none accounted for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import polars as pl


@dataclass(frozen=True, slots=True)
class Undecodable:
    """A payload that gave no row: its position in the batch, the kind of fault, and the reason."""

    position: int
    kind: str
    reason: str


@dataclass(frozen=True, slots=True)
class Decoded:
    """Columns of the payloads that could be decoded, in order, and the others.

    `frame` has a row for each payload that is not among `undecodable`; `aside` has the rows of
    which a value counts as absent because it is of another type, by column.
    """

    frame: pl.DataFrame
    undecodable: list[Undecodable]
    aside: Mapping[str, Sequence[int]] = field(default_factory=dict)


class Decoder(Protocol):
    """Turns the payloads of a batch into columns. Pure: any split of a stream gives the same."""

    def decode(self, payloads: list[bytes | None]) -> Decoded:
        """Decode a batch; never raises for what a payload contains."""
