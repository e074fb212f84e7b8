"""A signal with every type of tag and field, and records of it."""

from types import MappingProxyType

import polars as pl
from hypothesis import strategies as st

from tidegauge.catalogue import Catalogue
from tidegauge.fieldtypes import FieldType
from tidegauge.records import RecordBatch
from tidegauge.signals import Column, Signal, SignalKind

STRING, INT, FLOAT, BOOL = FieldType.STRING, FieldType.INT, FieldType.FLOAT, FieldType.BOOL

NOW_NS = 1_790_000_000_000_000_000

SIGNAL = Signal(
    "spend",
    SignalKind.WINDOW,
    "spend",
    tags=(Column("region", STRING), Column("shop", INT)),
    fields=(
        Column("amount", FLOAT),
        Column("count", INT),
        Column("failed", BOOL),
        Column("note", STRING),
        Column("start_ns", INT),
    ),
)
CATALOGUE = Catalogue(
    "payments",
    MappingProxyType({"spend": SIGNAL}),
    MappingProxyType({"pipeline": "payments", "site": "north hall"}),
)
SCHEMA = {"time_ns": pl.Int64} | {column.name: column.type.dtype for column in SIGNAL.columns}
RECORD = {
    "time_ns": NOW_NS,
    "region": "eu",
    "shop": 7,
    "count": 3,
    "amount": 1.0,
    "note": "fine",
    "failed": False,
    "start_ns": NOW_NS - 10,
}

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.text(
    '\\,= "\n\r\t\x00\x7f#é🎈', max_size=6
)
integers = st.integers(-(2**63), 2**63 - 1)
records = st.fixed_dictionaries(
    {
        "time_ns": st.integers(0, NOW_NS),
        "region": st.none() | texts,
        "shop": st.none() | integers,
        "count": st.none() | integers,
        "amount": st.none() | st.floats(),
        "note": st.none() | texts,
        "failed": st.none() | st.booleans(),
        "start_ns": st.none() | integers,
    }
)


def batch(*rows: dict[str, object]) -> RecordBatch:
    """Records of `SIGNAL`; what a row does not name is null."""
    return RecordBatch("spend", pl.DataFrame(list(rows), schema=SCHEMA))


def record(**changes: object) -> dict[str, object]:
    """`RECORD` with changes."""
    return RECORD | changes


def stored_tag(value: object) -> str:
    """A tag's value as InfluxDB gives it back."""
    text = str(value)
    if text.endswith("\\"):
        text = text[:-1] + "⧵"
    pictures = {code: 0x2400 + code for code in range(32)} | {0x7F: 0x2421}
    return text.translate(pictures) or "(empty)"
