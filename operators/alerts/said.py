"""What was said last of each alert about events, for the record that ends it."""

from collections.abc import Mapping

from operators.alerts.lifecycle import Told
from operators.alerts.plan import AlertPlan
from operators.alerts.silence import Gone
from operators.alerts.watch import Changes
from operators.keygroups.keys import Key

_ENDS = {Told.RESOLVED, Told.INACTIVE, Told.STALE}


class Said:
    """Remembers the summaries of one alert, each until its firing ends.

    A summary may name any field of the event. What ends an alert is another event, or none, so its
    record says what the one before said.

    Args:
        plan: the alert; of others than those about events nothing is remembered.
        snapshot: where an earlier run stopped; None also of one that did not remember.
    """

    def __init__(self, plan: AlertPlan, snapshot: Mapping[tuple[Key, int], str] | None) -> None:
        self._remembers = plan.ordering is not None
        self._last: dict[tuple[Key, int], str] = dict(snapshot or {})

    def of(self, news: Changes | Gone, texts: list[str]) -> list[str]:
        """The summaries of records, from those that are made of their own rows."""
        if not self._remembers:
            return texts
        found = []
        for key, life, told, text in zip(news.keys, news.lives, news.told, texts, strict=True):
            if told in _ENDS:
                found.append(self._last.pop((key, life.opened_ns), text))
            else:
                self._last[key, life.opened_ns] = text
                found.append(text)
        return found

    def snapshot(self) -> dict[tuple[Key, int], str]:
        """Everything a restart needs."""
        return dict(self._last)
