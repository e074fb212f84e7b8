"""What a codec does: payloads in, columns out, and each payload that is none accounted for."""

from dataclasses import dataclass
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

    `frame` has a row for each payload that is not among `undecodable`.
    """

    frame: pl.DataFrame
    undecodable: list[Undecodable]


class Decoder(Protocol):
    """Turns the payloads of a batch into columns. Pure: any split of a stream gives the same."""

    def decode(self, payloads: list[bytes | None]) -> Decoded:
        """Decode a batch; never raises for what a payload contains."""
