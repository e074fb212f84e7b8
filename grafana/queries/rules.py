"""Queries of alert rules. Grafana puts `$timeFilter` in and nothing else.

State and value of a rule are asked of the same records, so that its text tells of the one that
fires: the newest record of each series that says so.
"""

from collections.abc import Iterable, Sequence

from grafana.alerting.late import Hold
from grafana.durations import duration
from grafana.influxql import TIME, Store, applied, inner, quoted, select, text
from grafana.queries.alerts import MEASUREMENT
from tidegauge.catalogue import DELAY
from tidegauge.durations import UNITS_NS

STOPPED_AFTER = "2m"
"""So long without a record of its own, and a flow has stopped."""
_FIRES = '"active" = 1'


class FiringRecords:
    """The records that a rule goes by: of each series the last one, and those of firings just told.

    The last one alone would miss a firing that begins and ends between two evaluations. Records of
    another level are from before the file was changed, and nothing resolves them.

    Args:
        store: where the records are.
        alert: name of the alert.
        tags: what its series are told apart by.
        holds: which firings are seen how long, whatever came after them.
        level: its level; None for any.
        lasts: whether a firing lasts until a record ends it.
    """

    def __init__(
        self,
        store: Store,
        alert: str,
        tags: Sequence[str],
        holds: Iterable[Hold],
        *,
        level: int | None,
        lasts: bool,
    ) -> None:
        self._source = store.measurement(MEASUREMENT)
        of_level = [] if level is None else [f"\"level\" = '{level}'"]
        self._which = [store.own, f'"alert" = {text(alert)}', *of_level]
        self._by = quoted(tags)
        self._conditions = [[TIME]] if lasts else []
        self._conditions += [_held(hold) for hold in holds]

    def state(self) -> str:
        """1 for each series that is firing or was just told to be, else 0."""
        newest = applied("last", "active")
        found = (self._records(newest, conditions) for conditions in self._conditions)
        return select(applied("max", "active"), *found, by=self._by)

    def value(self, span_ns: int) -> str:
        """The value of the newest record of each series that says that it fires.

        Of a series that `state` finds it is the one that it goes by: records of a series come in
        the order of their times.

        Args:
            span_ns: how far back it is looked for.
        """
        newest = f'{applied("last", "active")}, "value"'
        conditions = [_FIRES, f"time > now() - {duration(span_ns)}"]
        return select('"value"', self._records(newest, conditions), by=self._by)

    def _records(self, what: str, conditions: Sequence[str]) -> str:
        where = [*self._which, *conditions]
        return inner(select(what, self._source, where=where, by=self._by))


def heartbeats(store: Store) -> str:
    """How many records the flow has just written of itself; nothing if it did not run before."""
    before = _counted(store, 'count("processed") * 0', TIME)
    now = _counted(store, 'count("processed")', f"time > now() - {STOPPED_AFTER}")
    return select(applied("sum", "records"), before, now)


def _held(hold: Hold) -> list[str]:
    late = [] if hold.late_ns is None else [f'"{DELAY.name}" > {hold.late_ns // UNITS_NS["ms"]}']
    return [_FIRES, *late, f"time > now() - {duration(hold.span_ns)}"]


def _counted(store: Store, what: str, when: str) -> str:
    source = store.measurement("flow")
    return inner(select(f'{what} AS "records"', source, where=[store.own, when]))
