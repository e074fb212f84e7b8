"""JSON objects of sampled messages; what is none is counted."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from tidegauge.batch import RawBatch


@dataclass(frozen=True, slots=True)
class SampledObject:
    """A JSON object and the Kafka timestamp of its record, in milliseconds since the epoch."""

    value: dict[str, Any]
    appended_ms: int


@dataclass(frozen=True, slots=True)
class Sample:
    """JSON objects by partition, in offset order, and how many messages they were found among."""

    partitions: Mapping[int, Sequence[SampledObject]]
    messages: int

    def values(self) -> Iterator[dict[str, Any]]:
        """All objects."""
        for objects in self.partitions.values():
            for found in objects:
                yield found.value


def read_objects(partitions: Mapping[int, RawBatch]) -> Sample:
    """The messages of some partitions that are JSON objects."""
    found = {}
    for number, raw in partitions.items():
        pairs = zip(map(_decoded, raw.payloads), raw.appended_ms, strict=True)
        found[number] = [SampledObject(value, ms) for value, ms in pairs if isinstance(value, dict)]
    return Sample(found, sum(len(raw.payloads) for raw in partitions.values()))


def _decoded(payload: bytes | None) -> Any:
    try:
        return msgspec.json.decode(payload or b"")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
