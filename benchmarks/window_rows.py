"""Final rows of windows: as given in a CSV, as found in a store, and whether they are equal."""

import csv
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tidegauge.spec.models import Pipeline

RELATIVE = 1e-9
ABSOLUTE = 1e-9
_NS_PER_MS = 1_000_000

RowKey = tuple[str, int, int, tuple[str | None, ...]]
"""Window, start and end in epoch ms, values of its key columns."""
Row = dict[str, str | float | None]


@dataclass
class Comparison:
    """How found rows compare with expected ones; `examples` says what differs, a few lines."""

    equal: int = 0
    different: int = 0
    missing: int = 0
    extra: int = 0
    examples: list[str] = field(default_factory=list)

    @property
    def same(self) -> bool:
        """Whether every row is equal."""
        return not (self.different or self.missing or self.extra)


def read_expected(path: Path, pipeline: Pipeline) -> dict[RowKey, Row]:
    """Rows of a CSV with the columns `window`, key columns, `start`, `end` (epoch ms), then fields.

    An empty cell means that the row has no such key value or field.
    """
    rows: dict[RowKey, Row] = {}
    with path.open(newline="") as file:
        for line in csv.DictReader(file):
            by = pipeline.windows[line["window"]].by
            key = tuple(line[name] or None for name in by)
            rest = {name: cell for name, cell in line.items() if name not in ("window", "start", "end", *by)}
            fields = pipeline.windows[line["window"]].select
            row: Row = {name: _value(cell) for name, cell in rest.items() if cell or name in fields}
            rows[line["window"], round(float(line["start"])), round(float(line["end"])), key] = row
    return rows


def rows_of_store(
    window: str, by: Iterable[str], records: Iterable[Mapping[str, object]], time: str
) -> dict[RowKey, Row]:
    """Rows of a window as a store returns them, by the same keys as the expected ones."""
    by = list(by)
    rows: dict[RowKey, Row] = {}
    for record in records:
        start, end = _ms(record["start_ns"]), _ms(record[time])
        key = tuple(None if record.get(name) in (None, "") else str(record[name]) for name in by)
        rows[window, start, end, key] = {name: _plain(value) for name, value in record.items()}
    return rows


def compare(expected: Mapping[RowKey, Row], found: Mapping[RowKey, Row]) -> Comparison:
    """Numbers are equal within 1e-9 relative, everything else exactly."""
    result = Comparison(missing=len(expected.keys() - found.keys()), extra=len(found.keys() - expected.keys()))
    result.examples += [f"missing {key}" for key in sorted(expected.keys() - found.keys(), key=str)[:3]]
    result.examples += [f"extra {key}" for key in sorted(found.keys() - expected.keys(), key=str)[:3]]
    for key in expected.keys() & found.keys():
        unequal = [
            f"{name}: {found[key].get(name)} instead of {value}"
            for name, value in expected[key].items()
            if not _equal(value, found[key].get(name))
        ]
        if unequal:
            result.different += 1
            if result.different <= 3:
                result.examples.append(f"different {key}: {'; '.join(unequal)}")
        else:
            result.equal += 1
    return result


def _value(cell: str | None) -> str | float | None:
    if not cell:
        return None
    try:
        return float(cell)
    except ValueError:
        return cell


def _plain(value: object) -> str | float | None:
    if value is None or isinstance(value, str):
        return value
    return float(value)  # type: ignore[arg-type]  # numbers and booleans are all that is left


def _equal(expected: str | float | None, found: str | float | None) -> bool:
    if isinstance(expected, float) and isinstance(found, str):
        return _value(found) == expected
    if isinstance(expected, float) and isinstance(found, float):
        return math.isclose(expected, found, rel_tol=RELATIVE, abs_tol=ABSOLUTE)
    return expected == found


def _ms(nanoseconds: object) -> int:
    return int(nanoseconds) // _NS_PER_MS  # type: ignore[call-overload, no-any-return]  # integer column
