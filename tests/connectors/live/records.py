"""Records of `pipelines/machines.yaml`, made by hand."""

from pathlib import Path

import polars as pl

from connectors.live.hub import Hub
from connectors.live.source import Poll
from tidegauge.catalogue import catalogue_of
from tidegauge.fieldtypes import FieldType
from tidegauge.records import RecordBatch
from tidegauge.spec.loader import load_pipeline

ROOT = Path(__file__).parents[3]
FILE = ROOT / "pipelines" / "machines.yaml"
PIPELINE = load_pipeline(FILE)
CATALOGUE = catalogue_of(PIPELINE)
START_NS = 1_790_000_000_000_000_000
STEP_NS = 10_000_000_000


def at(step: int) -> int:
    """End of a window."""
    return START_NS + step * STEP_NS


def batch(signal: str, *rows: dict[str, object]) -> RecordBatch:
    """Records of a signal; what a row does not name is null."""
    declared = CATALOGUE[signal]
    kinds = {"time_ns": FieldType.INT} | {each.name: each.type for each in declared.columns}
    schema = {name: kind.dtype for name, kind in kinds.items()}
    return RecordBatch(signal, pl.DataFrame(list(rows), schema=schema))


def window(machine: str, step: int, temperature: float, **more: object) -> RecordBatch:
    """The result of a window of a machine."""
    row = {"time_ns": at(step), "machine": machine, "temperature_avg": temperature, "revision": 0}
    return batch("machines", row | more)


def alert(name: str, machine: str, step: int, state: str, level: int = 8) -> RecordBatch:
    """A record of an alert."""
    row = {
        "time_ns": at(step),
        "alert": name,
        "level": level,
        "machine": machine,
        "id": f"{name} {machine}",
        "state": state,
        "active": int(state == "firing"),
        "value": 1.0,
        "summary": f"{machine} is odd",
        "since_ns": at(0),
    }
    return batch("alerts", row)


def anomaly(machine: str, step: int, value: float = 90.0) -> RecordBatch:
    """An unusual temperature."""
    row = {"time_ns": at(step), "anomaly": "unusual_temperature", "machine": machine}
    return batch("unusual_temperature", row | {"field": "temperature_avg", "value": value})


def counts(partition: int, second: int, processed: int) -> RecordBatch:
    """A count of the flow."""
    row = {"time_ns": START_NS + second * 10**9, "topic": "t", "partition": partition}
    return batch("flow", row | {"processed": processed, "errors": 1, "watermark_ns": at(second)})


def hub_with(*batches: RecordBatch, points: int = 1_000) -> Hub:
    """A hub that has taken in some records."""
    hub = Hub(PIPELINE, CATALOGUE, points)
    take(hub, *batches)
    return hub


def take(hub: Hub, *batches: RecordBatch, now_ns: int = START_NS) -> int:
    """Take in records as one change, at a time of the wall clock; its number."""
    change = hub.begin(now_ns)
    hub.take(Poll(batches))
    return change
