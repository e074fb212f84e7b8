"""Reading back what is stored, from whichever store."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from tidegauge.catalogue import Catalogue

StoredRow = Mapping[str, str | float | int | None]
"""A record: `time_ns`, and what it has of tags (as texts) and fields by name."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What is read back of a measurement of a pipeline.

    Attributes:
        measurement: the measurement.
        pipeline: name of the pipeline.
        tags: names of the tags of all its signals, and of every record.
        fields: names of the fields that tell of the data, not of the run.
    """

    measurement: str
    pipeline: str
    tags: tuple[str, ...]
    fields: tuple[str, ...]


class StoredRows(Protocol):
    """A store that can be read."""

    def rows(self, about: Stored, from_ns: int, to_ns: int) -> list[StoredRow]:
        """Records with times from `from_ns` to before `to_ns`."""

    def newest_ns(self, about: Stored) -> int | None:
        """Time of the newest record that is a result, not an early one; None for none."""


def stored_of(catalogue: Catalogue, measurement: str) -> Stored:
    """What is read back of a measurement."""
    signals = [one for one in catalogue if one.measurement == measurement]
    tags = dict.fromkeys(catalogue.constant_tags)
    tags |= dict.fromkeys(tag.name for signal in signals for tag in signal.tags)
    fields = dict.fromkeys(
        field.name
        for signal in signals
        for field in signal.fields
        if field.name not in signal.run_fields and field.name not in tags
    )
    return Stored(measurement, catalogue.pipeline, tuple(tags), tuple(fields))
