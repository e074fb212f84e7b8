"""The faults that were put in, as a file of JSON lines: what a finder is measured against."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson
import polars as pl

from dataflows.simulation.faults import Fault, FaultKind
from dataflows.simulation.message import iso8601


@dataclass(frozen=True, slots=True)
class Truth:
    """A fault of a machine in event time since the epoch."""

    machine: str
    kind: FaultKind
    start_ns: int
    end_ns: int


def write_truth(file: Path, faults: Sequence[Fault], origin_ns: int) -> None:
    """One line a fault: machine, kind, start and end."""
    lines = [
        orjson.dumps(
            {
                "machine": fault.machine,
                "kind": fault.kind,
                "start": iso8601(origin_ns + fault.start_ns),
                "end": iso8601(origin_ns + fault.end_ns),
            }
        )
        for fault in faults
    ]
    file.write_bytes(b"".join(line + b"\n" for line in lines))


