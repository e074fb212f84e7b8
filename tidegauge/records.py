"""What leaves the flow: records in columns, all of one signal."""

from dataclasses import dataclass

import polars as pl

TIME_NS = "time_ns"
"""Column of every record frame: point time in nanoseconds since the epoch (Int64)."""


@dataclass(frozen=True, slots=True)
class RecordBatch:
    """Records of one signal.

    `signal` is a name in the pipeline's catalogue (`tidegauge.catalogue`); `frame` has the column
    `time_ns`, then the signal's tags and fields, by name. Null means: this record has no such tag
    or field.
    """

    signal: str
    frame: pl.DataFrame

    def __len__(self) -> int:
        return self.frame.height


@dataclass(frozen=True, slots=True)
class Tick:
    """How far a key group has come in event time; no record, but among records in their order.

    Attributes:
        signals: names of the record batches that it is about.
        group: name of the key group.
        passed_ns: all of their records up to this time were given; the end of time, at the end of
            a bounded run.
    """

    signals: frozenset[str]
    group: str
    passed_ns: int
