"""All members of a group at once: results of a window from every key group, by their time."""

from collections.abc import Iterable, Sequence
from typing import Any

import polars as pl

from operators.keygroups.assign import KeyGroups
from operators.keygroups.names import group_names
from operators.keygroups.saved import check_version
from tidegauge.batch import NO_TIME
from tidegauge.records import TIME_NS, RecordBatch, Tick, rest_of

STATE_VERSION = 1


class PeerSplitter:
    """Deals the results of a window by the keys that a group shares, and ticks to all.

    Args:
        window: name of the window.
        name: name of the batches that are made.
        group: keys that the members of a group share.
        key_groups: number of key groups.
    """

    def __init__(self, window: str, name: str, group: Sequence[str], key_groups: int) -> None:
        self._window, self._name, self._group = window, name, list(group)
        self._names = group_names(key_groups)
        self._groups = KeyGroups(key_groups)

    def __call__(
        self, items: Iterable[tuple[str, RecordBatch | Tick]]
    ) -> Iterable[tuple[str, RecordBatch | Tick]]:
        """First results by the group that they are of; ticks about the window for every group."""
        for _, item in items:
            if isinstance(item, Tick):
                if self._window in item.signals:
                    yield from ((name, item) for name in self._names)
            elif item.signal == self._window:
                first = item.frame.filter(pl.col("revision") == 0)
                for number, part in self._groups.split(first, self._group):
                    yield self._names[number], RecordBatch(self._name, part)


class PeerGroup:
    """Holds results back until those of the same time have come from every key group.

    Args:
        by: key columns of the window; results of a time are given in their order.
        key_groups: number of key groups.
        snapshot: where an earlier run stopped.
        name: name of the batches, for ticks about them; empty for none.

    Raises:
        UserMistake: the snapshot is of another version.
    """

    def __init__(
        self,
        by: Sequence[str],
        key_groups: int,
        snapshot: dict[str, Any] | None = None,
        name: str = "",
    ) -> None:
        self._about = frozenset({name, rest_of(name)} if name else ())
        self._order = [TIME_NS, *by]
        self._key_groups = key_groups
        self._held: list[RecordBatch] = []
        self._reached: dict[str, int] = {}
        self._given_ns = NO_TIME
        if snapshot is not None:
            check_version("groups of peers", snapshot["version"], STATE_VERSION)
            self._held = [RecordBatch(name, frame) for name, frame in snapshot["held"]]
            self._reached = dict(snapshot["reached"])
            self._given_ns = snapshot["given_ns"]

    def take(self, items: Iterable[RecordBatch | Tick]) -> list[Any]:
        """Results that are complete, in the order of time and keys, and how far they have come."""
        for item in items:
            if isinstance(item, Tick):
                known_ns = self._reached.get(item.group, NO_TIME)
                self._reached[item.group] = max(known_ns, item.passed_ns)
            else:
                # The sum of the smallest series comes later than what it is a sum of.
                current = item.frame.filter(pl.col(TIME_NS) > self._given_ns)
                self._held.append(RecordBatch(item.signal, current))
        if len(self._reached) < self._key_groups:
            return []
        before_ns = self._given_ns
        made: list[RecordBatch | Tick] = [*self._give(min(self._reached.values()))]
        if self._about and self._given_ns > before_ns:
            made.append(Tick(self._about, "", self._given_ns))
        return made

    def snapshot(self) -> dict[str, Any]:
        """Everything a restart needs."""
        return {
            "version": STATE_VERSION,
            "held": [(batch.signal, batch.frame) for batch in self._held],
            "reached": dict(self._reached),
            "given_ns": self._given_ns,
        }

    def _give(self, passed_ns: int) -> list[RecordBatch]:
        if passed_ns <= self._given_ns:
            return []
        self._given_ns = passed_ns
        held, self._held = [batch for batch in self._held if len(batch)], []
        if not held:
            return []
        name, rows = held[0].signal, pl.concat([batch.frame for batch in held])
        ready = pl.col(TIME_NS) <= passed_ns
        complete, waiting = rows.filter(ready), rows.filter(~ready)
        if waiting.height:
            self._held = [RecordBatch(name, waiting)]
        return [RecordBatch(name, complete.sort(self._order))] if complete.height else []
