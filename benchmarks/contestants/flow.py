"""The analytics flow with one window."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.testing import cluster_main, run_main

from benchmarks.contestants.counting import Count
from benchmarks.contestants.task import Tally, Task
from benchmarks.contestants.timed import Timed
from benchmarks.load import LATENESS_MS, OUT_OF_ORDERNESS_MS
from dataflows.analytics import build
from dataflows.connections.servers import connect_sources
from dataflows.topology.outputs import Sinks
from operators.keygroups.shelf import FOLDER, NOT_SAVED, Saving
from operators.windows.group import WindowGroup
from tidegauge.records import RecordBatch
from tidegauge.settings import Settings
from tidegauge.spec.models import Pipeline

_MAX_SERIES = 1_000_000
"""More than any topic has: every series gives rows of its own."""


def flow(task: Task, settings: Settings) -> Tally:
    """The analytics flow with one window; its records are counted and thrown away."""
    tally = Tally(rows=0)
    pipeline = _pipeline(task)
    panes = task.size_s // task.every_s

    def count(items: list[tuple[str, RecordBatch]]) -> None:
        for _, records in items:
            if records.signal == "readings":
                first = records.frame.filter(pl.col("revision") == 0)
                tally.rows = (tally.rows or 0) + first.height
                tally.corrected += len(records) - first.height
                tally.events += int(first["count"].sum())
        tally.result()

    sources = {
        name: Timed(source, tally) for name, source in connect_sources(pipeline, settings).items()
    }
    with TemporaryDirectory() as folder:
        engine, saving = _recovery(task, Path(folder), tally)
        graph = build(pipeline, sources, Sinks(store=Count(count)), saving=saving)
        if task.addresses:
            cluster_main(graph, list(task.addresses), task.process, **engine)  # type: ignore[no-untyped-call]  # it has no types
        else:
            run_main(graph, **engine)  # type: ignore[no-untyped-call]  # it has no types
    tally.events //= panes
    return tally


def _pipeline(task: Task) -> Pipeline:
    size, every = f"{task.size_s}s", f"{task.every_s}s"
    kind: Mapping[str, Any] = {"tumbling": {"size": size}}
    if task.every_s != task.size_s:
        kind = {"sliding": {"size": size, "every": every}}
    return Pipeline.model_validate(
        {
            "version": 1,
            "pipeline": "benchmark",
            "sources": {
                "events": {
                    "kafka": {"topic": task.topic},
                    "event_time": {
                        "field": "ts",
                        "format": "epoch_ms",
                        "out_of_orderness": f"{OUT_OF_ORDERNESS_MS}ms",
                        "lateness": f"{LATENESS_MS if task.late else 0}ms",
                    },
                    "fields": {"sensor_id": {"type": "string"}, "value": {"type": "float"}},
                }
            },
            "windows": {
                "readings": {
                    "from": "events",
                    **kind,
                    "by": ["sensor_id"],
                    "max_series": _MAX_SERIES,
                    "select": {
                        "count": "count(*)",
                        "total": "sum(value)",
                        "average": "avg(value)",
                        "lowest": "min(value)",
                        "highest": "max(value)",
                        "deviation": "std_dev(value)",
                    },
                }
            },
        }
    )


def _recovery(task: Task, folder: Path, tally: Tally) -> tuple[dict[str, Any], Saving]:
    """Options of the engine, and what becomes of snapshots, as with `-r` and `-s`, or without."""
    if task.recovery_s is None:
        return {}, NOT_SAVED
    snapshot = WindowGroup.snapshot

    def told(group: WindowGroup) -> dict[str, Any] | None:
        tally.begins_to_save()
        return snapshot(group)

    setattr(WindowGroup, "snapshot", told)  # noqa: B010 - measured from outside
    init_db_dir(folder, 1)  # type: ignore[no-untyped-call]  # it has no types
    engine = {
        "epoch_interval": timedelta(seconds=task.recovery_s),
        "recovery_config": RecoveryConfig(folder),  # type: ignore[no-untyped-call]  # as above
    }
    return engine, Saving(folder=folder / FOLDER)
