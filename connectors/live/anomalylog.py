"""The newest anomalies."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MOST = 1_000


@dataclass(frozen=True, slots=True)
class Found:
    """An anomaly.

    Attributes:
        keys: the key columns it has, and their values.
        record: the anomaly, as it is sent.
        change: the change that brought it.
    """

    keys: Mapping[str, str]
    record: Mapping[str, Any]
    change: int


class AnomalyLog:
    """At most `MOST` anomalies, those that came last."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, int, tuple[tuple[str, str], ...]], Found] = {}
        self.changed = 0

    def put(self, name: str, row: Mapping[str, Any], keys: Mapping[str, str], change: int) -> None:
        """Take a record in; it takes the place of the same one.

        Args:
            name: name of the anomaly.
            row: columns of its signal.
            keys: the key columns it has, and their values.
            change: number of the change.
        """
        values = ("field", "value", "expected", "lower", "upper", "score", "direction")
        record = {
            "anomaly": name,
            "keys": dict(keys),
            "time_ms": row["time_ns"] / 1e6,
            **{value: row[value] for value in values},
        }
        identity = (name, row["time_ns"], tuple(sorted(keys.items())))
        known = self._found.pop(identity, None)
        if known is not None and known.record == record:
            change = known.change
        self._found[identity] = Found(keys, record, change)
        self.changed = max(self.changed, change)
        if len(self._found) > MOST:
            del self._found[next(iter(self._found))]

    def since(self, change: int) -> list[Found]:
        """What came after a change, in the order it came."""
        if self.changed <= change:
            return []
        return [found for found in self._found.values() if found.change > change]

    def newest_by_keys(self) -> dict[frozenset[tuple[str, str]], float]:
        """For each key, the time of its newest anomaly in milliseconds."""
        newest: dict[frozenset[tuple[str, str]], float] = {}
        for found in self._found.values():
            keys = frozenset(found.keys.items())
            newest[keys] = max(newest.get(keys, 0.0), found.record["time_ms"])
        return newest
