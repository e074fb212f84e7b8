"""What the demo asks of the store, all of it in SQL."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

EVENTS = """
    SELECT COALESCE(SUM(processed), 0)
    FROM (SELECT MAX(processed) AS processed FROM flow GROUP BY topic, partition)
"""
"""Messages read, from the last count of each partition."""
PARTITIONS = "SELECT COUNT(DISTINCT partition) FROM flow WHERE processed > 0"
SECONDS = "SELECT (MAX(time_ns) - MIN(time_ns)) / 1e9 FROM flow"
"""From the first to the last count."""
WINDOWS = "SELECT COUNT(*) FROM machines"
CORRECTED = "SELECT COUNT(*) FROM machines WHERE revision = 1"
ALERTS = "SELECT COUNT(DISTINCT id) FROM alerts WHERE state = 'firing'"
DEAD_LETTERS = "SELECT kind, COUNT(*) FROM dead_letters GROUP BY kind ORDER BY kind"
LATENCY = """
    SELECT latency_ms FROM machines WHERE latency_ms IS NOT NULL ORDER BY latency_ms
    LIMIT 1 OFFSET (SELECT MAX((COUNT(latency_ms) * ? + 99) / 100 - 1, 0) FROM machines)
"""
"""A percentile of the windows' latencies, by nearest rank."""
FIRINGS = """
    SELECT alert, machine, MIN(time_ns) AS first_ns, last_ns, CAST(level AS INTEGER), summary
    FROM alerts JOIN (
        SELECT id, MAX(time_ns) AS last_ns FROM alerts WHERE state = 'firing' GROUP BY id
    ) USING (id)
    WHERE state = 'firing' GROUP BY id ORDER BY first_ns, alert, machine
"""
"""Each firing of an alert: its first record, and the time of its last one."""


@dataclass(frozen=True, slots=True)
class Firing:
    """An alert of a machine while it fires, in event time since the epoch."""

    alert: str
    machine: str
    start_ns: int
    end_ns: int
    level: int
    summary: str

    @property
    def key(self) -> tuple[str, str, int]:
        """What tells it from others."""
        return self.alert, self.machine, self.start_ns


class Records:
    """The store of a demo, read while the flow writes it.

    Args:
        connection: a connection that reads.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def ready(self) -> bool:
        """Whether the flow has made its tables."""
        return bool(self.value("SELECT COUNT(*) FROM sqlite_master WHERE name = 'flow'"))

    def value(self, sql: str, parameters: Sequence[int] = ()) -> Any:
        """The one value that a query gives, or None without rows."""
        row = self._connection.execute(sql, parameters).fetchone()
        return row[0] if row else None

    def firings(self) -> list[Firing]:
        """All firings so far, in the order of their starts."""
        return [Firing(*row) for row in self._connection.execute(FIRINGS)]

    def dead_letters(self) -> dict[str, int]:
        """Number of refused messages by kind."""
        return dict(self._connection.execute(DEAD_LETTERS).fetchall())
