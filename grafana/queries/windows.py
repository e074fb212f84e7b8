"""Queries over the records of a window."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from grafana.influxql import STEP, TIME, Store, applied, inner, name, quoted, select, since, text
from grafana.keys import Ranking
from grafana.thresholds import low_is_bad
from tidegauge.catalogue import FINAL, STATE
from tidegauge.signals import Column
from tidegauge.spec.models import Window

WORST = 10
"""Series that are named as the worst."""
_EXTREME = re.compile(r"\s*(max|min)\s*\([^()]*\)\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class WindowQueries:
    """Queries over one window.

    Attributes:
        store: where the records are.
        name: name of the window.
        window: its declaration.
        ranking: which of its series are drawn; None without keys.
    """

    store: Store
    name: str
    window: Window
    ranking: Ranking | None

    @property
    def overlaps(self) -> bool:
        """Whether an event is in several windows."""
        count = self.window.count
        within = bool(count and count.every and count.every < count.size)
        return bool(self.window.sliding or self.window.cumulative) or within

    def lines(self, field: Column) -> str:
        """A field over time: the drawn series."""
        # A cumulative window has results where it changes: what lies between is no gap.
        gap = "none" if self.window.cumulative else "null"
        return self._over_time(self._merged(field), field.name, self._shown(), gap)

    def states(self, field: Column) -> str:
        """A field that is no number over time: the drawn series."""
        # Where results come at known times, a step without one is a gap, and the state ends.
        gap = "none" if self.window.cumulative or not self.window.every_ns else "null"
        return self._over_time("last", field.name, self._shown(), gap)

    def density(self, field: Column) -> str:
        """A field over time: all chosen series."""
        return self._over_time(self._merged(field), field.name, self._chosen(), "none")

    def now(self, field: Column, age_ns: int) -> str:
        """The newest value, not older than `age_ns`: the worst of all series."""
        last = self._last(field.name, self._chosen(), age_ns)
        if not self.ranking:
            return last
        worst = "min" if low_is_bad(field.thresholds) else "max"
        return select(applied(worst, field.name), inner(last))

    def worst_now(self, field: Column, age_ns: int) -> str:
        """The series with the worst of the newest values, and these: time, value, keys."""
        order = "bottom" if low_is_bad(field.thresholds) else "top"
        column, tags = name(field.name), ", ".join(quoted(self.window.by))
        what = f"{order}({column}, {tags}, {WORST}) AS {column}"
        return select(what, inner(self._last(field.name, self._chosen(), age_ns)))

    def events(self) -> str:
        """Events of all chosen series together: in each step, or in a window that slides."""
        total = applied("sum", "data_points")
        if not self.overlaps:
            where = [*self._own, *self._chosen(), TIME]
            source = self.store.measurement(self.name)
            return select(total, source, where=where, by=[STEP], fill="null")
        # The same event is in several windows: those of a step are not added up.
        counted = inner(self._over_time("mean", "data_points", self._chosen(), "none"))
        return select(total, counted, where=[TIME], by=[STEP], fill="null")

    def latency(self, age_ns: int) -> str:
        """The latency of the newest results, of the slowest series."""
        return select(applied("max", "latency_ms"), inner(self._last("latency_ms", [], age_ns)))

    def _over_time(self, function: str, field: str, keys: Sequence[str], fill: str) -> str:
        return select(
            applied(function, field),
            self.store.measurement(self.name),
            where=[*self._own, *keys, TIME],
            by=[STEP, *quoted(self.window.by)],
            fill=fill,
        )

    def _last(self, field: str, keys: Sequence[str], age_ns: int) -> str:
        return select(
            applied("last", field),
            self.store.measurement(self.name),
            where=[*self._own, *keys, since(age_ns)],
            by=quoted(self.window.by),
        )

    @property
    def _own(self) -> list[str]:
        """Conditions: records of this pipeline, and of sessions those that still are one."""
        final = f"{name(STATE)} = {text(FINAL)}"
        return [self.store.own, final] if self.window.session else [self.store.own]

    def _chosen(self) -> list[str]:
        return self.ranking.chosen() if self.ranking else []

    def _shown(self) -> list[str]:
        return self.ranking.shown() if self.ranking else []

    def _merged(self, field: Column) -> str:
        """How points become one when a step holds several: extremes stay extremes."""
        extreme = _EXTREME.fullmatch(self.window.select[field.name].expr)
        return extreme[1].lower() if extreme else "mean"
