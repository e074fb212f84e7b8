"""The labels of one anomaly's series, and when they begin to count."""

from collections.abc import Iterable

from operators.keygroups.keys import Key
from tidegauge.labels import Label, sensitivity


class SeriesLabels:
    """Labels of one anomaly by series; one that is known already changes nothing.

    Args:
        labels: those that are known.
    """

    def __init__(self, labels: Iterable[Label] = ()) -> None:
        self._by_series: dict[Key, set[Label]] = {}
        for label in labels:
            self.add(label)

    def __bool__(self) -> bool:
        return bool(self._by_series)

    def add(self, label: Label) -> None:
        """Take in a label of the anomaly."""
        self._by_series.setdefault(label.series, set()).add(label)

    @property
    def series(self) -> tuple[Key, ...]:
        """Series that have labels."""
        return tuple(self._by_series)

    @property
    def labels(self) -> list[Label]:
        """All of them, in one order."""
        found = [label for labels in self._by_series.values() for label in labels]
        return sorted(found, key=lambda one: (one.labelled_ns, one.effective_ns, one.at_ns))

    def cuts(self, first_ns: int, last_ns: int) -> list[int]:
        """Times after the first, up to the last, from which on some label counts."""
        effective = {label.effective_ns for labels in self._by_series.values() for label in labels}
        return sorted(at_ns for at_ns in effective if first_ns < at_ns <= last_ns)

    def sensitivity(self, series: Key, at_ns: int) -> float:
        """That of a series at an event time."""
        return sensitivity(self._by_series.get(series, ()), at_ns)
