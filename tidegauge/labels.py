"""Labels: what people say of anomalies afterwards, and how far it moves a series' sensitivity."""

from collections.abc import Iterable
from dataclasses import dataclass

from tidegauge.fieldtypes import FieldType
from tidegauge.records import NO_KEY

KeyPart = str | int | float | bool | None
SeriesKey = KeyPart | tuple[KeyPart, ...]

STEP = 2.0
"""Factor by which a label moves the sensitivity: up for a right one, down for a wrong one."""
_BOOLS = {"true": True, "false": False}
LEAST, MOST = 1 / 16, 4.0
"""Bounds of the sensitivity."""


@dataclass(frozen=True, slots=True)
class Label:
    """A past anomaly was right, or wrong.

    Attributes:
        anomaly: name of the anomaly.
        key: values of its key columns, in their order.
        at_ns: time of the anomaly.
        right: whether it was one.
        effective_ns: event time from which on the label counts.
        labelled_ns: wall clock when it was given; decides between labels that count from the same
            time on.
    """

    anomaly: str
    key: tuple[KeyPart, ...]
    at_ns: int
    right: bool
    effective_ns: int
    labelled_ns: int

    @property
    def series(self) -> SeriesKey:
        """The key as series are told apart by: the value alone where there is one column."""
        return self.key[0] if len(self.key) == 1 else self.key


def key_part(text: str, kind: FieldType) -> KeyPart:
    """A value of a key column as a person writes it, or a store has it as a tag; `(none)` is null.

    Raises:
        ValueError: it is not of this type.
    """
    if text == NO_KEY:
        return None
    match kind:
        case FieldType.INT:
            return int(text)
        case FieldType.FLOAT:
            return float(text)
        case FieldType.BOOL if text.lower() in _BOOLS:
            return _BOOLS[text.lower()]
        case FieldType.BOOL:
            raise ValueError(text)
    return text


def sensitivity(labels: Iterable[Label], at_ns: int) -> float:
    """The share of the false alarms asked for that a series may raise at an event time.

    1 without labels; doubled by each right anomaly, halved by each wrong one, and never outside of
    1/16 to 4. Of several labels of one anomaly the one that counts last is taken.

    Args:
        labels: of one series, in any order.
        at_ns: the event time.
    """
    counting = [label for label in labels if label.effective_ns <= at_ns]
    said: dict[int, bool] = {}
    for label in sorted(counting, key=_order):
        said.pop(label.at_ns, None)
        said[label.at_ns] = label.right
    moved = 1.0
    for right in said.values():
        moved = min(max(moved * STEP if right else moved / STEP, LEAST), MOST)
    return moved


def _order(label: Label) -> tuple[int, int, int, bool]:
    return label.effective_ns, label.labelled_ns, label.at_ns, label.right
