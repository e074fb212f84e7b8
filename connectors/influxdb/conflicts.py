"""What a changed pipeline would write that InfluxDB cannot hold beside what is there."""

from collections.abc import Mapping
from dataclasses import dataclass

from tidegauge.catalogue import Catalogue
from tidegauge.signals import SignalKind


@dataclass(frozen=True, slots=True)
class Conflict:
    """A column that cannot stay what it was in its measurement.

    Attributes:
        measurement: the measurement.
        column: name of the tag or field.
        why: what it was and what it is now, and what follows.
    """

    measurement: str
    column: str
    why: str


Columns = Mapping[tuple[str, str], str]
"""`tag`, or the type of the field, by measurement and name."""


def conflicts(old: Catalogue, new: Catalogue) -> list[Conflict]:
    """Columns that a pipeline would write otherwise than it did before."""
    return conflicts_between(written_columns(old), written_columns(new))


def conflicts_between(before: Columns, after: Columns) -> list[Conflict]:
    """Columns of measurements of both that are of another type, or a tag here and a field there.

    InfluxDB refuses a field of another type as long as one shard holds the old one. A name that is
    a tag of old points and a field of new ones is stored, but no query tells the two apart.
    """
    found = []
    for key in sorted(before.keys() & after.keys()):
        was, now = before[key], after[key]
        if was == now:
            continue
        if "tag" in (was, now):
            why = f"was a {_word(was)}, now a {_word(now)}: queries cannot tell the two apart"
        else:
            why = f"was {was}, now {now}: InfluxDB refuses it beside points of the old"
        found.append(Conflict(*key, f"{why}; give it another name, or another bucket"))
    return found


def written_columns(catalogue: Catalogue) -> Columns:
    """The columns of all measurements that a pipeline writes."""
    columns: dict[tuple[str, str], str] = {}
    for signal in catalogue:
        if signal.kind is SignalKind.EVENT:
            continue
        columns |= {(signal.measurement, field.name): str(field.type) for field in signal.fields}
        tags = [*(tag.name for tag in signal.tags), *catalogue.constant_tags]
        columns |= {(signal.measurement, name): "tag" for name in tags}
    return columns


def _word(kind: str) -> str:
    return "tag" if kind == "tag" else f"field ({kind})"
