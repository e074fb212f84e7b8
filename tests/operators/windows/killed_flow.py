"""Windows with pieces in files, in a process that a test kills.

    python -m tests.operators.windows.killed_flow FOLDER WORKERS PROCESS ADDRESSES

ADDRESSES are separated by commas, and none for one process. Every record becomes a pickled line of
`FOLDER/records-…`, so that a test sees what was written before the process was killed.
"""

import os
import pickle
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import bytewax.operators as op
from bytewax.dataflow import Dataflow, Stream
from bytewax.outputs import FixedPartitionedSink, StatefulSinkPartition
from bytewax.recovery import RecoveryConfig
from bytewax.testing import cluster_main

from connectors.memory.source import MemorySource
from dataflows.topology.sealed import seal
from operators.keygroups import shelf
from operators.keygroups.shelf import FOLDER, Saving
from operators.windows.operator import windows
from tests.operators.windows.test_operator import SLIDING, TOTAL, make_source_of_log
from tidegauge.batch import EventBatch
from tidegauge.records import RecordBatch

EPOCH = timedelta(milliseconds=20)
PACE = timedelta(milliseconds=15)


class _Paced(MemorySource):
    """Takes its time, so that there is a time to be killed."""

    def __init__(self, source: MemorySource) -> None:
        self.__dict__.update(source.__dict__)

    def build_part(self, step_id: str, for_part: str, resume_state: Any) -> Any:
        part = super().build_part(step_id, for_part, resume_state)
        part.next_awake = lambda: datetime.now(UTC) + PACE  # type: ignore[method-assign]  # the point
        return part


class _Lines(FixedPartitionedSink[RecordBatch, None]):
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def list_parts(self) -> list[str]:
        return ["a", "b"]

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> "_LinesPart":
        return _LinesPart(self._folder / f"records-{for_part}-{os.getpid()}")


class _LinesPart(StatefulSinkPartition[RecordBatch, None]):
    def __init__(self, path: Path) -> None:
        self._path = path

    def write_batch(self, items: list[RecordBatch]) -> None:
        with self._path.open("ab") as file:
            for item in items:
                file.write(pickle.dumps((item.signal, item.frame)).hex().encode() + b"\n")

    def snapshot(self) -> None:
        return None


def flow(folder: Path) -> Dataflow:
    """The flow of the log of `test_operator`, ten events a batch."""
    made = Dataflow("windows")
    batches: Stream[EventBatch] = op.input("in", made, _Paced(make_source_of_log(4)))
    saving = Saving(folder=folder / FOLDER)
    op.output(
        "out",
        windows("windows", batches, [SLIDING, TOTAL], 4, lambda: 0, saving),
        _Lines(folder.parent),
    )
    return seal(made)


if __name__ == "__main__":
    shelf.INLINE_BELOW = 0
    place, workers, number, addresses = sys.argv[1:]
    store = Path(place)
    cluster_main(  # type: ignore[no-untyped-call]  # published so
        flow(store),
        [address for address in addresses.split(",") if address],
        int(number),
        epoch_interval=EPOCH,
        recovery_config=RecoveryConfig(str(store)),  # type: ignore[no-untyped-call]  # it has no types
        worker_count_per_proc=int(workers),
    )
    (store.parent / f"done-{number}").touch()
