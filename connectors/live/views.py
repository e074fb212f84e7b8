"""A view: what a client has asked for, and the messages of it, shared by all who ask the same."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from connectors.live.hub import LEAST_POINTS, Hub
from connectors.live.ranking import Ranking
from connectors.live.requests import DEFAULT_TOP, Filter, Subscribe
from connectors.live.series import Series

ALL = -1
"""Before every change."""
REMEMBERED = 1_000
"""So many changes long it is remembered that a series is no longer chosen."""
MOST_VALUES = 500_000
"""Values in a message: with many series, fewer points of each, the newest."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What a client wants.

    Attributes:
        signals: names of the signals; None means all.
        keys: pairs of a key column and the values wanted.
        search: text that some key value must contain, in small letters.
        top: most series of a signal.
    """

    signals: frozenset[str] | None = None
    keys: frozenset[tuple[str, frozenset[str]]] = frozenset()
    search: str = ""
    top: int = DEFAULT_TOP

    def changed_by(self, request: Subscribe | Filter) -> "Selection":
        """The selection after a request."""
        if isinstance(request, Subscribe):
            signals = None if request.signals is None else frozenset(request.signals)
            return replace(self, signals=signals, top=request.top)
        keys = frozenset((key, frozenset(values)) for key, values in request.keys.items())
        return replace(self, keys=keys, search=request.search.strip().lower())

    def wants(self, keys: Mapping[str, str]) -> bool:
        """Whether these keys pass the filter; a key column that is not there does not matter."""
        if any(key in keys and keys[key] not in values for key, values in self.keys):
            return False
        return not self.search or any(self.search in value.lower() for value in keys.values())

    def as_json(self) -> dict[str, Any]:
        """As it is told in `initial_state`."""
        return {
            "signals": None if self.signals is None else sorted(self.signals),
            "top": self.top,
            "keys": {key: sorted(values) for key, values in sorted(self.keys)},
            "search": self.search,
        }


class View:
    """The series chosen for a selection, and what of them and the rest came after a change.

    Args:
        hub: what the feed knows.
        selection: what is wanted.

    Attributes:
        selection: what is wanted.
    """

    def __init__(self, hub: Hub, selection: Selection) -> None:
        self.selection = selection
        self._hub = hub
        self._chosen: dict[int, int] = {}
        """Numbers of the series, with the change that they were chosen at."""
        self._left: dict[int, int] = {}
        self._matching: dict[str, int] = {}
        self._seen = ALL
        self.choose()

    @property
    def crowded(self) -> bool:
        """Whether there are more series than were chosen."""
        return sum(self._matching.values()) > len(self._chosen)

    def choose(self, *, again: bool = False) -> None:
        """Choose the series, if there are new ones or they shall be ranked again."""
        if not again and self._seen == self._hub.created:
            return
        self._seen = self._hub.created
        chosen = {series.number for series in self._best()}
        now = self._hub.change
        for number in self._chosen.keys() - chosen:
            del self._chosen[number]
            self._left[number] = now
        for number in chosen - self._chosen.keys():
            self._chosen[number] = now
            self._left.pop(number, None)
        for number in [n for n, at in self._left.items() if at < now - REMEMBERED]:
            del self._left[number]

    def _best(self) -> Iterable[Series]:
        wanted, selection = self._hub.counts, self.selection
        if selection.signals is not None:
            wanted = {name: wanted[name] for name in wanted if name in selection.signals}
        matching: dict[str, list[Series]] = {name: [] for name in wanted}
        for series in self._hub.series.values():
            if series.signal in matching and selection.wants(series.keys):
                matching[series.signal].append(series)
        self._matching = {name: len(found) for name, found in matching.items()}
        ranking = Ranking(self._hub)
        for found in matching.values():
            if len(found) > selection.top:
                yield from ranking.top(found, selection.top)
            else:
                yield from found

    def news(self, change: int) -> dict[str, Any]:
        """What came after a change, of what was chosen; with `ALL`, everything."""
        hub = self._hub
        news: dict[str, Any] = {}
        chosen = [hub.series[number] for number in sorted(self._chosen) if number in hub.series]
        depth = _depth(chosen)
        told = (self._series_since(series, change, depth) for series in chosen)
        if series := [each for each in told if each]:
            news["series"] = series
        if change >= 0 and (left := [n for n, at in self._left.items() if at > change]):
            news["removed"] = sorted(left)
        wants = self.selection.wants
        if alerts := [each.record for each in hub.alerts.since(change) if wants(each.keys)]:
            news["alerts"] = alerts
        if anomalies := [each.record for each in hub.anomalies.since(change) if wants(each.keys)]:
            news["anomalies"] = anomalies
        return news

    def overview(self) -> dict[str, Any]:
        """The state of the whole flow, and how many series there are and match."""
        hub = self._hub
        return {
            **hub.pulse.now(),
            "alerts": hub.alerts.counts(),
            "dead_letters": dict(hub.dead_letters),
            "series": dict(hub.counts),
            "matching": self._matching,
            "trouble": hub.trouble,
        }

    def _series_since(self, series: Series, change: int, depth: int) -> dict[str, Any] | None:
        entered = self._chosen[series.number] > change
        if not entered and series.changed <= change:
            return None
        times, values = series.since(ALL if entered else change)
        if times.size > depth:
            entered = True
            times, values = series.since(ALL)
            times, values = times[-depth:], values[:, -depth:]
        told = {
            "series": series.number,
            "signal": series.signal,
            "keys": series.keys,
            "time_ms": times / 1e6,
            "fields": dict(zip(series.fields, values, strict=True)),
        }
        return told | {"replace": True} if entered else told


def _depth(chosen: Sequence[Series]) -> int:
    """Most points of each series in a message."""
    width = sum(1 + len(series.fields) for series in chosen)
    return max(LEAST_POINTS, MOST_VALUES // max(1, width))
