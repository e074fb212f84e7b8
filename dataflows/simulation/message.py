"""A reading as the value of a Kafka message, whole or broken."""

from datetime import UTC, datetime
from typing import Any

import orjson

from dataflows.simulation.floor import MACHINES
from dataflows.simulation.mishaps import Mishap
from dataflows.simulation.stream import Reading


def encode(reading: Reading, origin_ns: int) -> bytes | None:
    """The message's value; None for a tombstone.

    Args:
        reading: what was measured.
        origin_ns: event time of the stream's start, since the epoch.
    """
    if reading.mishap is Mishap.TOMBSTONE:
        return None
    value: dict[str, Any] = {
        "time": iso8601(origin_ns + reading.at_ns),
        "machine": MACHINES[reading.machine],
        "temperature": reading.temperature,
        "vibration": reading.vibration,
        "running": reading.running,
    }
    if reading.mishap is Mishap.NO_TIME:
        value["time"] = "yesterday"
    if reading.mishap is Mishap.WRONG_TYPE:
        value["temperature"] = "warm"
    text = orjson.dumps(value)
    return text[: len(text) // 2] if reading.mishap is Mishap.BROKEN else text


def iso8601(time_ns: int) -> str:
    """A time as text, to the millisecond.

    >>> iso8601(1_767_600_000_250_000_000)
    '2026-01-05T08:00:00.250Z'
    """
    moment = datetime.fromtimestamp(time_ns // 1_000_000 / 1_000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
