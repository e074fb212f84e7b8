"""Final rows of windows: as given in a CSV, as found in a store, and whether they are equal."""

import csv
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from connectors.influxdb.escapes import stored_tag
from tidegauge.catalogue import STATE, SUPERSEDED, window_columns
from tidegauge.errors import UserMistake
from tidegauge.fieldtypes import FieldType
from tidegauge.records import EMPTY_KEY, NO_KEY, TIME_NS
from tidegauge.spec.models import Pipeline

RELATIVE = 1e-9
ABSOLUTE = 1e-9
EXAMPLES = 3
"""How many differences of each kind are told."""
_NS_PER_MS = 1_000_000
_TRUTH_VALUES = {"false": 0.0, "true": 1.0}

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

    An empty cell means that the row has no such key value or field; `(empty)` is the empty text.
    Key values are compared as the store holds them (`connectors.influxdb.escapes`).

    Raises:
        UserMistake: the file cannot be read as such.
    """
    rows: dict[RowKey, Row] = {}
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        for line in reader:
            try:
                key, row = _expected(line, pipeline)
            except ValueError as error:
                raise UserMistake(f"{path}:{reader.line_num}: {error}") from None
            if key in rows:
                raise UserMistake(f"{path}:{reader.line_num}: a second row of {key}")
            rows[key] = row
    return rows


def rows_of_window(
    window: str, pipeline: Pipeline, records: Iterable[Mapping[str, Any]]
) -> dict[RowKey, Row]:
    """Final rows of a window out of its records (`time_ns`, tags and fields by name).

    Of records of the same row the highest revision is final.
    """
    keys = _key_types(window, pipeline)
    rows: dict[RowKey, Row] = {}
    for record in sorted(records, key=lambda record: int(record["revision"])):
        start, end = (int(record[name]) // _NS_PER_MS for name in ("start_ns", TIME_NS))
        by = tuple(_key(record.get(name), kind) for name, kind in keys.items())
        rows[window, start, end, by] = {name: _plain(value) for name, value in record.items()}
    return rows


def compare(expected: Mapping[RowKey, Row], found: Mapping[RowKey, Row]) -> Comparison:
    """Numbers are equal within 1e-9 (relative, or absolute near 0), everything else exactly.

    Fields of a found row that the expected one does not name are not looked at. An empty cell of a
    key may stand for the empty text, where no row without that key is found. A superseded session
    is no final row: it counts only where one with that state is expected.
    """
    expected = {_as_found(key, found): row for key, row in expected.items()}
    found = {
        key: row
        for key, row in found.items()
        if row.get(STATE) != SUPERSEDED or expected.get(key, {}).get(STATE) == SUPERSEDED
    }
    missing, extra = expected.keys() - found.keys(), found.keys() - expected.keys()
    unequal = {
        key: differences
        for key in expected.keys() & found.keys()
        if (differences := _differences(expected[key], found[key]))
    }
    equal = len(expected) - len(missing) - len(unequal)
    examples = [f"missing {key}" for key in _first(missing)]
    examples += [f"extra {key}" for key in _first(extra)]
    examples += [f"different {key}: {unequal[key]}" for key in _first(unequal)]
    return Comparison(equal, len(unequal), len(missing), len(extra), examples)


def _as_found(key: RowKey, found: Mapping[RowKey, Row]) -> RowKey:
    *window, by = key
    empty = (*window, tuple(EMPTY_KEY if part is None else part for part in by))
    return empty if key not in found and empty in found else key  # type: ignore[return-value]  # made of the key's parts


def _expected(line: dict[str, str], pipeline: Pipeline) -> tuple[RowKey, Row]:
    name = line.get("window")
    if name not in pipeline.windows:
        allowed = ", ".join(pipeline.windows)
        raise ValueError(f"window is {name!r}; allowed is one of {allowed}")
    keys = _key_types(name, pipeline)
    about = ("window", "start", "end", *keys)
    if absent := [column for column in about if line.get(column) is None]:
        raise ValueError(f"no cell for {', '.join(absent)}")
    fields = pipeline.windows[name].select
    row: Row = {
        column: _number_or_text(cell)
        for column, cell in line.items()
        if column not in about and (cell or column in fields)
    }
    by = tuple(_key(line[key], kind) for key, kind in keys.items())
    return (name, round(float(line["start"])), round(float(line["end"])), by), row


def _key_types(window: str, pipeline: Pipeline) -> dict[str, FieldType]:
    declared = pipeline.windows[window]
    columns = window_columns(pipeline, declared)
    return {name: columns[name] for name in declared.by}


def _key(value: object, kind: FieldType) -> str | None:
    """One text for a key value, however a store or a CSV writes it."""
    text = "" if value is None else str(value)
    if text in ("", NO_KEY):
        return None
    match kind:
        case FieldType.BOOL:
            return text.lower()
        case FieldType.FLOAT:
            return str(float(text))
        case FieldType.INT:
            # A column of integers with gaps comes out of pandas as floats.
            return str(int(text.removesuffix(".0")))
        case FieldType.STRING:
            return stored_tag(text)


def _number_or_text(cell: str | None) -> str | float | None:
    if not cell:
        return None
    if cell == EMPTY_KEY:
        return ""
    if cell.lower() in _TRUTH_VALUES:
        return _TRUTH_VALUES[cell.lower()]
    try:
        return float(cell)
    except ValueError:
        return cell


def _plain(value: object) -> str | float | None:
    return float(value) if isinstance(value, int | float) else value  # type: ignore[return-value]  # texts and None are all that is left


def _differences(expected: Row, found: Row) -> str:
    return "; ".join(
        f"{name}: {found.get(name)} instead of {value}"
        for name, value in expected.items()
        if not _equal(value, found.get(name))
    )


def _equal(expected: str | float | None, found: str | float | None) -> bool:
    if isinstance(expected, float) and isinstance(found, str):
        return _number_or_text(found) == expected
    if isinstance(expected, float) and isinstance(found, float):
        return math.isclose(expected, found, rel_tol=RELATIVE, abs_tol=ABSOLUTE)
    return expected == found


def _first(keys: Iterable[RowKey]) -> Iterable[RowKey]:
    return islice(sorted(keys, key=str), EXAMPLES)
