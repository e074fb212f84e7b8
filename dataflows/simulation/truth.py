"""The faults that were put in, as a file of JSON lines: what a finder is measured against."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from dataflows.simulation.faults import Fault, FaultKind
from dataflows.simulation.message import iso8601

_MS = 1_000_000


@dataclass(frozen=True, slots=True)
class Truth:
    """A fault of a machine in event time, nanoseconds since the epoch, to the millisecond."""

    machine: str
    kind: FaultKind
    start_ns: int
    end_ns: int


def write_truth(file: Path, faults: Sequence[Fault], origin_ns: int) -> None:
    """One line a fault: machine, kind, start and end in event time.

    Args:
        file: written in one go, so that a reader sees all of it or nothing.
        faults: faults of a stream.
        origin_ns: event time of the stream's start, since the epoch.
    """
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
    unfinished = file.with_suffix(".part")
    unfinished.write_bytes(b"".join(line + b"\n" for line in lines))
    unfinished.replace(file)


def read_truth(file: Path) -> list[Truth]:
    """What `write_truth` wrote."""
    return [_truth(orjson.loads(line)) for line in file.read_bytes().splitlines()]


def _truth(line: dict[str, Any]) -> Truth:
    start, end = (datetime.fromisoformat(line[key]) for key in ("start", "end"))
    return Truth(line["machine"], FaultKind(line["kind"]), _epoch_ns(start), _epoch_ns(end))


def _epoch_ns(moment: datetime) -> int:
    return round(moment.timestamp() * 1_000) * _MS
