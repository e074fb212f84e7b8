"""Which fields are worth a metric: measured numbers, and the share of what is true."""

from collections.abc import Sequence
from dataclasses import dataclass

from tidegauge.fieldtypes import FieldType
from tidegauge.spec.checks.sources import ALERT_LEVEL
from tidegauge.spec.inference.fields import FieldProfile
from tidegauge.spec.inference.identifiers import quoted
from tidegauge.spec.inference.names import name_of, unique
from tidegauge.spec.inference.time_names import sounds_like_time

MOST_NUMBERS = 5
MOST_SHARES = 3
_MANY = 10
"""Numbers seen so often that are all the same are none that is measured."""
_IDENTITIES = frozenset({"id", "uuid", "guid", "key", "lat", "lon", "lng", "latitude", "longitude"})
_CODES = frozenset(
    {"code", "status", "version", "port", "pid", "seq", "sequence", "offset", "partition"}
    | {"index", "year", "month", "day", "hour", "zip", "postcode", "no", "nr", "number"}
    | {"level", "priority"}
)
"""Last words of whole numbers that count or name things."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric of the window: its name and the SQL it is computed by."""

    name: str
    expr: str


def averaged(fields: Sequence[FieldProfile]) -> list[FieldProfile]:
    """Numbers that have a meaningful mean."""
    return [field for field in fields if _is_measured(field)][:MOST_NUMBERS]


def choose_metrics(fields: Sequence[FieldProfile], taken: Sequence[str]) -> list[Metric]:
    """Count of all, mean and highest of numbers, share of what is true.

    Args:
        fields: fields that expressions can name.
        taken: names that a metric cannot have.
    """
    metrics: list[Metric] = []

    def add(name: str, expr: str) -> None:
        metrics.append(Metric(unique(name, [*taken, *(known.name for known in metrics)]), expr))

    add("count", "count(*)")
    for field in averaged(fields):
        name, column = name_of(field.name, "field"), quoted(field.name)
        add(f"{name}_avg", f"avg({column})")
        add(f"{name}_max", f"max({column})")
    for field in [field for field in fields if field.type is FieldType.BOOL][:MOST_SHARES]:
        add(f"{name_of(field.name, 'field')}_share", f"avg({quoted(field.name)})")
    return metrics


def _is_measured(field: FieldProfile) -> bool:
    if field.type not in (FieldType.INT, FieldType.FLOAT) or field.name == ALERT_LEVEL:
        return False
    if field.distinct == 1 and field.seen >= _MANY:
        return False
    last = name_of(field.name, "field").split("_")[-1]
    coded = field.type is FieldType.INT and last in _CODES
    return not (coded or last in _IDENTITIES or sounds_like_time(field.name))
